"""Finds and calls the handlers that an app registers for events other than HTTP requests.

A target uses this module only when such an event arrives, and an app that registers no handlers
never loads it.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from aiohttp import web

from ferryman.core.deliveries import Delivery, Exchange, TriggerFailed
from ferryman.core.errors import AppError, ConfigError, FerrymanError
from ferryman.core.event_kinds import (
    ANY,
    KINDS,
    EventKind,
    Record,
    UnknownEvent,
    find_kinds,
    unknown,
)
from ferryman.core.tracebacks import user_traceback
from ferryman.core.websockets import WebSocket

__all__ = (
    "TRIGGERS",
    "Trigger",
    "TriggerHandler",
    "TriggersWrong",
    "deliver",
    "find_websocket",
    "open_delivery",
    "trigger_route",
)

_log = logging.getLogger(__name__)

TriggerHandler: TypeAlias = Callable[[web.Application, Record], Awaitable[object]]
"""Takes the application that registered it, and a record; or the event, if its kind has
no records. What it returns is the function's result, for kinds whose sender waits for one. It
may be annotated to take a Mapping."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A handler, and how to call it.

    Attributes:
        handler: The handler.
        concurrency: How many records of an event it may handle at once. Those of a stream,
            or of one message group of a FIFO queue, are handled in order all the same.
        report_failures: Whether the answer names the records that failed, for `sqs`,
            `kinesis`, `dynamodb` and `kafka`. The event source mapping must then have
            `ReportBatchItemFailures`, or AWS takes failed records for handled. If False,
            one that fails fails the invocation, and the whole batch comes again.
        raise_when_all_fail: Whether the invocation fails if every record of an event fails, so that
            Lambda's metric Errors counts it. The whole batch comes again either way.
    """

    handler: TriggerHandler | WebSocket
    concurrency: int = 10
    report_failures: bool = True
    raise_when_all_fail: bool = False


TRIGGERS = web.AppKey("ferryman.triggers", Mapping[str, TriggerHandler | Trigger | WebSocket])
"""The key under which an app or a subapp stores its handlers, by kind of event."""


class TriggersWrong(AppError):
    """The handlers that an application registered cannot be used."""


def open_delivery(app: web.Application, event: object) -> Delivery | Exchange:
    """Find the handler of an event, without calling it yet.

    Args:
        app: The application, whose subapps count too.
        event: The event, as parsed JSON.

    Raises:
        UnknownEvent: The event is of an unknown kind, or has no handler.
        MalformedEvent: A part of the event is missing or invalid.
        TriggersWrong: The handler that is registered for it cannot be used.
    """
    kind, owner, trigger = _find_trigger(app, event)
    if isinstance(trigger.handler, WebSocket):
        from ferryman.core.websocket_events import open_socket_event

        return open_socket_event(kind, owner, trigger.handler, event)
    handle = partial(trigger.handler, owner)
    if kind.reply is not None:
        return Exchange(kind, event, handle)
    return Delivery(
        kind,
        kind.records(event),
        handle,
        concurrency=trigger.concurrency,
        report_failures=trigger.report_failures,
        raise_when_all_fail=trigger.raise_when_all_fail,
    )


async def deliver(app: web.Application, event: object) -> Any:
    """Pass an event to its handler, and return the answer for the sender.

    Raises:
        TriggerFailed: The handler raised, and the answer cannot name the failed record.
        UnknownEvent, MalformedEvent, TriggersWrong: see `open_delivery`.
    """
    delivery = open_delivery(app, event)
    try:
        await delivery.run()
    except FerrymanError:
        raise
    except Exception as error:
        _log.error("the handler of an event failed\n%s", user_traceback(error))
        raise TriggerFailed(
            f"the handler of the event raised {type(error).__name__}",
            cause=str(error) or None,
            hint="its traceback is in the log",
        ) from error
    return delivery.result()


def find_websocket(app: web.Application) -> tuple[web.Application, WebSocket]:
    """Return the handlers of WebSockets, and the application, or subapp, that registered them.

    Raises:
        TriggersWrong: No WebSocket handlers are registered, or they cannot be used.
    """
    for owner, name, trigger in _registrations(app):
        if name == "websocket":
            assert isinstance(trigger.handler, WebSocket)
            return owner, trigger.handler
    raise TriggersWrong(
        "the application has a WebSocket route, and no handlers for 'websocket'",
        hint='register them: app[ferryman.triggers] = {"websocket": ferryman.WebSocket(...)}',
    )


def trigger_route(token: str, path: str = "/-/events") -> web.RouteDef:
    """Return a route that receives events over HTTP.

    It answers 401 without the header `Authorization: Bearer TOKEN`, 403 with another
    token, 413 to a body larger than the app's `client_max_size`, 422 to a body that is not an event
    with a handler, 500 if the handler failed, and otherwise 200 with the answer.

    Args:
        token: The secret that senders must present.
        path: The route's path.

    Raises:
        ConfigError: The token is empty.
    """
    if not token or not token.strip():
        raise ConfigError(
            f"the token of the route {path} is empty",
            hint="pass a secret of its own, such as the output of `openssl rand -hex 32`",
        )
    secret = token.encode()

    async def handle_event(request: web.Request) -> web.Response:
        refusal = _refusal(request, secret)
        return refusal or await _answer(request)

    return web.post(path, handle_event)


def _find_trigger(
    app: web.Application, event: object
) -> tuple[EventKind, web.Application, Trigger]:
    kinds = find_kinds(event)
    registered = list(_registrations(app))
    for kind in kinds:
        found = [(owner, trigger) for owner, key, trigger in registered if key == kind.name]
        if len(found) > 1:
            raise TriggersWrong(
                f"two applications register a handler for '{kind.name}'",
                hint="register it in one of them, and let that one tell the events apart",
            )
        if found:
            return (kind, *found[0])
    if len(kinds) == 1:
        raise unknown(event)
    known = ", ".join(sorted({key for _, key, _ in registered}))
    raise UnknownEvent(
        f"the application has no handler for events of the kind '{kinds[0].name}'",
        cause=f"it registers {known}" if known else "it registers none for any kind",
        hint=f'register one: app[ferryman.triggers] = {{"{kinds[0].name}": handler}}',
    )


def _registrations(app: web.Application) -> Iterator[tuple[web.Application, str, Trigger]]:
    """Yield each registration of an app and its subapps: the app, the kind, the handler."""
    registered = app.get(TRIGGERS, {})
    if not isinstance(registered, Mapping):
        raise TriggersWrong(
            f"app[ferryman.triggers] is of type {type(registered).__name__}",
            hint="make it a dict from a kind of event to an async function",
        )
    for name, value in registered.items():
        yield app, name, _checked(name, value)
    for resource in app.router.resources():
        if (subapp := resource.get_info().get("app")) is not None:
            yield from _registrations(subapp)


def _checked(name: str, value: object) -> Trigger:
    trigger = value if isinstance(value, Trigger) else Trigger(value)  # type: ignore[arg-type]
    if name not in KINDS and name != ANY.name:
        raise TriggersWrong(
            f"app[ferryman.triggers] has a handler for '{name}', which is not a kind of event",
            hint=f"the kinds are {', '.join(KINDS)}, and * for all others",
        )
    if name == "websocket":
        _check_sockets(trigger.handler)
    elif not callable(trigger.handler):
        raise TriggersWrong(f"the handler for '{name}' in app[ferryman.triggers] is not a function")
    if trigger.concurrency < 1:
        raise TriggersWrong(
            f"the concurrency for '{name}' in app[ferryman.triggers] is {trigger.concurrency}",
            hint="set it to 1 or more",
        )
    return trigger


def _check_sockets(handler: object) -> None:
    if not isinstance(handler, WebSocket):
        raise TriggersWrong(
            "the handler for 'websocket' in app[ferryman.triggers] is not a ferryman.WebSocket",
            hint="register ferryman.WebSocket(message=on_message)",
        )


def _refusal(request: web.Request, secret: bytes) -> web.Response | None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        return _problem(401, "Unauthorized", "the header Authorization: Bearer is missing")
    if not hmac.compare_digest(given.strip().encode(errors="surrogateescape"), secret):
        return _problem(403, "Forbidden", "this is not the token of this route")
    return None


async def _answer(request: web.Request) -> web.Response:
    try:
        body = await request.read()
    except web.HTTPRequestEntityTooLarge:
        return _problem(413, "Content Too Large", "the event is larger than client_max_size")
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        return _problem(422, "Unprocessable Content", "the body is not JSON")
    # The outermost app: a subapp that added the route may have no handlers.
    app = request.match_info.apps[0]
    try:
        answer = await deliver(app, event)
    except (TriggerFailed, AppError) as error:
        return _problem(500, "Internal Server Error", error.message)
    except FerrymanError as error:
        return _problem(422, "Unprocessable Content", str(error))
    try:
        return web.json_response(answer)
    except (TypeError, ValueError) as error:
        _log.error("the answer to an event cannot be written as JSON: %s", error)
        return _problem(500, "Internal Server Error", "the answer cannot be written as JSON")


def _problem(status: int, title: str, detail: str) -> web.Response:
    said = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return web.json_response(
        said, status=status, headers=headers, content_type="application/problem+json"
    )
