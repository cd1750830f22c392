"""`ferryman serve -t server`: real gunicorn, as a user runs it."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from ferryman.core.errors import ConfigError
from ferryman.targets.server.runtime.options import ServerSettings
from ferryman.targets.server.runtime.web_function import as_web_function

HELLO = """
import asyncio, os, sys
from aiohttp import web

async def hello(request):
    loaded = {"click", "pydantic", "awslambdaric", "kubernetes"} & set(sys.modules)
    return web.json_response({"pid": os.getpid(), "foreign": sorted(loaded)})

async def slow(request):
    await asyncio.sleep(1.5)
    return web.Response(text="finished")

async def resource(app):
    yield
    print("cleaned up", flush=True)

async def create_app():
    app = web.Application()
    app.cleanup_ctx.append(resource)
    app.router.add_get("/", hello)
    app.router.add_get("/slow", slow)
    return app

def legacy():
    return asyncio.get_event_loop().run_until_complete(create_app())
"""


class Served:
    """A `ferryman serve -t server` that runs."""

    def __init__(self, root: Path, port: int, *options: str) -> None:
        self.port = port
        self.log = root / "serve.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "ferryman", "serve", "-t", "server", "-C", str(root)),
                    *("--bind", f"127.0.0.1:{port}", *options),
                ],
                stdout=log,
                stderr=log,
                env=os.environ | {"PYTHONUNBUFFERED": "1"},
            )

    def get(self, path: str) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                self.get("/")
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.05)
            else:
                return


Serve = Callable[..., Served]


@pytest.fixture
def serve(tmp_path: Path, unused_tcp_port: int) -> Iterator[Serve]:
    started: list[Served] = []

    def start(source: str, app: str = "hello:create_app", *options: str) -> Served:
        (tmp_path / "hello.py").write_text(source)
        (tmp_path / "pyproject.toml").write_text(f'[tool.ferryman]\napp = "{app}"\n')
        started.append(Served(tmp_path, unused_tcp_port, *options))
        return started[-1]

    yield start
    for served in started:
        if served.process.poll() is None:
            served.process.terminate()
        served.process.wait(60)


@pytest.mark.parametrize("app", ["hello:create_app", "hello:legacy"])
def test_it_answers_with_nothing_of_the_build_side_loaded(serve: Serve, app: str) -> None:
    served = serve(HELLO, app)
    served.wait_until_it_answers()
    status, body = served.get("/")
    assert status == 200
    assert b'"foreign": []' in body


def test_a_request_in_flight_is_finished_and_the_app_cleaned_up(serve: Serve) -> None:
    served = serve(HELLO)
    served.wait_until_it_answers()
    answers: list[tuple[int, bytes]] = []
    request = threading.Thread(target=lambda: answers.append(served.get("/slow")))
    request.start()
    time.sleep(0.5)
    served.process.send_signal(signal.SIGTERM)
    request.join(30)
    assert served.process.wait(30) == 0
    assert answers == [(200, b"finished")]
    assert "cleaned up" in served.log.read_text()


def test_head_of_a_stream_has_no_body_and_leaves_the_connection_whole(serve: Serve) -> None:
    stream = """
async def stream(request):
    response = web.StreamResponse()
    response.enable_compression()
    await response.prepare(request)
    await response.write(b"one")
    await response.write(b"two")
    return response

async def create_app():
"""
    route = "    app.router.add_get('/stream', stream)\n    return app\n"
    source = HELLO.replace("\nasync def create_app():\n", stream)
    served = serve(source.replace("    return app\n", route, 1))
    served.wait_until_it_answers()
    with socket.create_connection(("127.0.0.1", served.port)) as connection:
        for method in (b"HEAD", b"GET"):
            connection.sendall(method + b" /stream HTTP/1.1\r\nHost: a\r\n\r\n")
        connection.sendall(b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        answers = b"".join(iter(lambda: connection.recv(65536), b""))
    head, streamed, last = answers.split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert head.endswith(b"\r\n\r\n")
    assert head.count(b"\r\n\r\n") == 1
    assert streamed.endswith(b"0\r\n\r\n")
    assert last.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("scheme", ["", "http://"])
def test_as_a_web_function_it_listens_where_lambda_says_and_ends_at_once(
    serve: Serve,
    scheme: str,
    unused_tcp_port_factory: Callable[[], int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = unused_tcp_port_factory()
    monkeypatch.setenv("AWS_LAMBDA_HTTP_ENDPOINT", f"{scheme}127.0.0.1:{port}")
    served = serve(HELLO)
    served.port = port
    served.wait_until_it_answers()
    answers: list[object] = []

    def ask() -> None:
        try:
            answers.append(served.get("/slow"))
        except (OSError, http.client.HTTPException) as error:
            answers.append(type(error))

    request = threading.Thread(target=ask)
    request.start()
    time.sleep(0.5)
    served.process.send_signal(signal.SIGTERM)
    request.join(30)
    assert served.process.wait(30) == 0
    assert answers != [(200, b"finished")]
    assert "cleaned up" in served.log.read_text()


def test_an_endpoint_that_is_no_address_is_told() -> None:
    with pytest.raises(ConfigError, match="AWS_LAMBDA_HTTP_ENDPOINT is 'nowhere'"):
        as_web_function(ServerSettings(), {"AWS_LAMBDA_HTTP_ENDPOINT": "nowhere"})


def test_two_workers_are_two_processes(serve: Serve) -> None:
    served = serve(HELLO, "hello:create_app", "--set", "server.workers=2")
    served.wait_until_it_answers()
    found: set[bytes] = set()
    deadline = time.monotonic() + 30
    while len(found) < 2 and time.monotonic() < deadline:
        found.add(served.get("/")[1])
    assert len(found) == 2


def test_an_idle_connection_is_kept_for_a_load_balancer(serve: Serve) -> None:
    served = serve(HELLO)
    served.wait_until_it_answers()
    with socket.create_connection(("127.0.0.1", served.port), timeout=3) as connection:
        for _ in range(2):
            connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
            connection.settimeout(0.2)
            with suppress(TimeoutError):  # before 3.12 aiohttp sends head and body apart
                connection.recv(65536)
            connection.settimeout(3)
            # gunicorn's own default would have closed it by then.
            time.sleep(2.5)


@pytest.mark.parametrize(
    ("source", "app", "says"),
    [
        ("import nowhere", "hello:app", "nowhere is not installed here: add it to the project's"),
        ("", "hello:app", "has no attribute 'app'"),
        ("app = 7", "hello:app", "not an aiohttp application"),
        ("", "absent:app", "there is no module 'absent'"),
        (
            "from aiohttp import web\n"
            "async def fail(app):\n"
            "    raise OSError('no route to the database')\n"
            "app = web.Application()\n"
            "app.on_startup.append(fail)\n",
            "hello:app",
            "no route to the database",
        ),
    ],
)
def test_an_app_that_does_not_start_ends_it_with_status_3(
    serve: Serve, source: str, app: str, says: str
) -> None:
    served = serve(source, app)
    assert served.process.wait(60) == 3
    log = served.log.read_text()
    assert says in log
    assert "site-packages/aiohttp" not in log


def test_nothing_but_the_log_is_written(serve: Serve, tmp_path: Path) -> None:
    served = serve(HELLO)
    served.wait_until_it_answers()
    served.process.terminate()
    assert served.process.wait(30) == 0
    left = {path.name for path in tmp_path.iterdir()} - {"__pycache__"}
    assert left == {"hello.py", "pyproject.toml", "serve.log"}
