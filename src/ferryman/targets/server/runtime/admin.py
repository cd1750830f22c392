"""The admin port for operators: health, metrics, and optionally tasks.

It runs its own application, apart from the user's app.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable

from aiohttp import web

from ferryman.core.health import Readiness
from ferryman.core.serving import METRICS_PATH
from ferryman.targets.server.runtime.admission import Handler
from ferryman.targets.server.runtime.metrics import CONTENT_TYPE
from ferryman.targets.server.runtime.options import ServerSettings

__all__ = ("TASKS_PATH", "admin_app", "answer_health")

TASKS_PATH = "/debug/tasks"

_FRAMES = 8

ReadReadiness = Callable[[], Awaitable[Readiness]]


def admin_app(
    settings: ServerSettings, ready: ReadReadiness, metrics: Callable[[], str]
) -> web.Application:
    """Return the application of the admin port.

    Args:
        settings: The server's settings, for the paths.
        ready: Returns whether this worker accepts requests.
        metrics: Returns the server's metrics in Prometheus's format.
    """
    app = web.Application()
    app.add_routes(_health_routes(settings, ready))

    async def figures(_: web.Request) -> web.Response:
        # It reads the files of all workers. They are in memory, but may be many.
        text = await asyncio.to_thread(metrics)
        return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})

    app.router.add_get(METRICS_PATH, figures)
    if settings.debug_tasks:
        app.router.add_get(TASKS_PATH, _tasks)
    return app


def answer_health(settings: ServerSettings, ready: ReadReadiness, handler: Handler) -> Handler:
    """Return a handler that answers health checks, and passes other requests on.

    Health checks bypass the app's middlewares and routes, because they have no password.

    Args:
        settings: The server's settings, for the paths.
        ready: Returns whether this worker accepts requests.
        handler: The next handler on the way to the app.
    """
    checks = web.Application()
    checks.add_routes(_health_routes(settings, ready))
    checks.freeze()
    answer: Handler = checks._handle  # type: ignore[assignment]
    paths = (settings.liveness_path, settings.readiness_path)

    def checked(request: web.BaseRequest) -> Awaitable[web.StreamResponse]:
        return answer(request) if request.path in paths else handler(request)

    return checked


def _health_routes(settings: ServerSettings, ready: ReadReadiness) -> list[web.RouteDef]:
    async def live(_: web.Request) -> web.Response:
        return _answer(200, {"status": "alive"})

    async def readable(_: web.Request) -> web.Response:
        found = await ready()
        return _answer(200 if found.ready else 503, found.to_json())

    return [
        web.get(settings.liveness_path, live),
        web.get(settings.readiness_path, readable),
    ]


async def _tasks(_: web.Request) -> web.Response:
    text = io.StringIO()
    for task in asyncio.all_tasks():
        print(f"{task.get_name()}: {task.get_coro()!r}", file=text)
        task.print_stack(limit=_FRAMES, file=text)
        print(file=text)
    return web.Response(text=text.getvalue(), headers={"Cache-Control": "no-store"})


def _answer(status: int, value: object) -> web.Response:
    return web.json_response(value, status=status, headers={"Cache-Control": "no-store"})
