"""What an app registers for events that are no HTTP requests, and how they reach it.

A target recognises nothing and calls nothing here until such an event comes, and an app
that registers nothing never loads this module.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from aiohttp import web

from ferryman.core.deliveries import Delivery, TriggerFailed
from ferryman.core.errors import AppError, ConfigError, FerrymanError
from ferryman.core.event_kinds import KINDS, EventKind, Record, UnknownEvent, find_kind

__all__ = (
    "TRIGGERS",
    "Trigger",
    "TriggerHandler",
    "TriggersWrong",
    "deliver",
    "open_delivery",
    "trigger_route",
)

TriggerHandler: TypeAlias = Callable[[web.Application, Record], Awaitable[object]]
"""Takes the application that registered it, and a record; or the event, if its kind has
no records. It may be annotated to take a Mapping."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """A handler, with how it is to be called.

    Attributes:
        handler: The handler.
        concurrency: How many records of an event it may handle at once. Those of a stream,
            or of one message group of a FIFO queue, are handled in order all the same.
        report_failures: Whether the answer names the records that failed, for `sqs`,
            `kinesis` and `dynamodb`. The event source mapping must then have
            `ReportBatchItemFailures`, or AWS takes failed records for handled. If False,
            one that fails fails the invocation, and the whole batch comes again.
    """

    handler: TriggerHandler
    concurrency: int = 10
    report_failures: bool = True


TRIGGERS = web.AppKey("ferryman.triggers", Mapping[str, TriggerHandler | Trigger])
"""Where an app, or a subapp, keeps its handlers, each by its kind of event."""


class TriggersWrong(AppError):
    """What an application registered for events cannot be used."""


def open_delivery(app: web.Application, event: object) -> Delivery:
    """Find what handles an event, without calling it yet.

    Args:
        app: The application, whose subapps count too.
        event: The event, as parsed JSON.

    Raises:
        UnknownEvent: It is of no known kind, or has no handler.
        MalformedEvent: A part of it is missing, or not what it should be.
        TriggersWrong: What is registered for it cannot be used.
    """
    kind = find_kind(event)
    owner, trigger = _find_trigger(app, kind)
    assert isinstance(event, dict)
    return Delivery(
        kind,
        kind.records(event),
        partial(trigger.handler, owner),
        concurrency=trigger.concurrency,
        report_failures=trigger.report_failures,
    )


async def deliver(app: web.Application, event: object) -> dict[str, Any]:
    """Have an event handled, and return the answer to whoever sent it.

    Raises:
        TriggerFailed: The handler raised, and the answer has no room for which record.
        UnknownEvent, MalformedEvent, TriggersWrong: see `open_delivery`.
    """
    delivery = open_delivery(app, event)
    await delivery.run()
    return delivery.result()


def trigger_route(token: str, path: str = "/-/events") -> web.RouteDef:
    """Return a route that takes events over HTTP, for an app that wants one.

    It answers 401 without the header `Authorization: Bearer TOKEN`, 403 with another
    token, 413 to a body larger than the app's `client_max_size`, 422 to what is no event
    that can be handled, 500 where a handler failed, and else 200 with the answer.

    Args:
        token: What a sender must know.
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


def _find_trigger(app: web.Application, kind: EventKind) -> tuple[web.Application, Trigger]:
    registered = list(_registrations(app))
    for name in filter(None, (kind.name, kind.general)):
        found = [(owner, trigger) for owner, key, trigger in registered if key == name]
        if len(found) > 1:
            raise TriggersWrong(
                f"two applications register a handler for '{name}'",
                hint="register it in one of them, and let that one tell the events apart",
            )
        if found:
            return found[0]
    known = ", ".join(sorted({key for _, key, _ in registered}))
    raise UnknownEvent(
        f"the application has no handler for events of the kind '{kind.name}'",
        cause=f"it registers {known}" if known else "it registers none for any kind",
        hint=f'register one: app[ferryman.triggers] = {{"{kind.name}": handler}}',
    )


def _registrations(app: web.Application) -> Iterator[tuple[web.Application, str, Trigger]]:
    """Yield what an app and its subapps register: which of them, the kind, the handler."""
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
    if name not in KINDS:
        raise TriggersWrong(
            f"app[ferryman.triggers] has a handler for '{name}', which is no kind of event",
            hint=f"the kinds are {', '.join(KINDS)}",
        )
    if not callable(trigger.handler):
        raise TriggersWrong(f"the handler for '{name}' in app[ferryman.triggers] is no function")
    if trigger.concurrency < 1:
        raise TriggersWrong(
            f"the concurrency for '{name}' in app[ferryman.triggers] is {trigger.concurrency}",
            hint="set it to 1 or more",
        )
    return trigger


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
    # The outermost application: subapps may have added the route, and handle none of it.
    app = request.match_info.apps[0]
    try:
        return web.json_response(await deliver(app, event))
    except (TriggerFailed, AppError) as error:
        return _problem(500, "Internal Server Error", error.message)
    except FerrymanError as error:
        return _problem(422, "Unprocessable Content", str(error))


def _problem(status: int, title: str, detail: str) -> web.Response:
    said = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return web.json_response(
        said, status=status, headers=headers, content_type="application/problem+json"
    )
