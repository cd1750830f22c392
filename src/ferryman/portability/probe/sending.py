"""Sends requests to the app, one after the other, and records facts about the responses."""

from __future__ import annotations

import asyncio
import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie

import aiohttp
from aiohttp import web
from aiohttp.payload import AsyncIterablePayload

from ferryman.migrate.parity import Answer, ParityRequest, open_session, send
from ferryman.portability.finding import Fact, Place
from ferryman.portability.probe.audit import Audit
from ferryman.records.wording import size_text

__all__ = ("Sender", "Sent", "plain_requests", "with_cookies")

_PATIENCE = 1.0
"""Seconds that each request may take."""

_TEXTS = ("text/", "application/json", "application/xml", "application/ld+json")
_LINKED = 256 * 1024
"""The bytes of a body that are searched for links."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that was sent.

    Attributes:
        name: The request's name.
        status: The response's status; None if no response came in time.
        handler: The user's handler that answered, if known.
    """

    name: str
    status: int | None
    handler: Place | None


class Sender:
    """Sends requests to the app.

    Args:
        audit: Learns the handler of the current request.
        place_of: Returns the place of a handler, if it is the user's.

    Attributes:
        base: The app's address, such as `http://127.0.0.1:8000`; set it before `send`.
        cookies: The cookies that responses set, by name.
        facts: The facts about responses.
    """

    def __init__(self, audit: Audit, place_of: Callable[[object], Place | None]) -> None:
        self.base = ""
        self.cookies: dict[str, str] = {}
        self.facts: list[Fact] = []
        self._audit = audit
        self._place_of = place_of
        self._stream: Place | None = None

    async def prepared(self, request: web.Request, response: web.StreamResponse) -> None:
        """Record the handler, and whether it streams. The app sends this signal."""
        match = request.match_info
        handler = self._place_of(match.handler)
        self._audit.handler = handler
        streams = not isinstance(response, (web.Response, web.FileResponse, web.WebSocketResponse))
        if isinstance(response, web.Response) and isinstance(response.body, AsyncIterablePayload):
            streams = True
        self._stream = handler if streams and handler else None
        if self._stream:
            what = "the handler streams its response"
            self.facts.append(Fact("M102", self._stream, what, handler=handler))

    async def send(self, requests: Sequence[ParityRequest], seconds: float) -> list[Sent]:
        """Send requests for at most some seconds, and return the ones that were sent."""
        sent: list[Sent] = []
        end = time.monotonic() + seconds
        async with open_session() as session:
            for request in requests:
                left = end - time.monotonic()
                if left <= 0:
                    break
                sent.append(await self._send(session, request, min(left, _PATIENCE)))
        return sent

    async def _send(
        self, session: aiohttp.ClientSession, request: ParityRequest, patience: float
    ) -> Sent:
        self._audit.handler = self._stream = None
        began = time.monotonic()
        answer: Answer | None = None
        try:
            async with asyncio.timeout(patience):
                answer = await send(session, self.base, request)
        except TimeoutError:
            if self._stream:
                what = "the handler streams a response without end"
                self.facts.append(Fact("M102", self._stream, what, math.inf, handler=self._stream))
        except aiohttp.ClientError:
            pass  # the handler closed the connection: an error for the app's own tests
        took = time.monotonic() - began
        handler = self._audit.handler
        if answer:
            self._read(answer, handler)
        if handler:
            what = f"{request.name} took {took:.1f} s"
            self.facts.append(Fact("M105", handler, what, took, handler=handler))
        return Sent(request.name, answer.status if answer else None, handler)

    def _read(self, answer: Answer, handler: Place | None) -> None:
        for line in answer.headers.get("set-cookie", ()):
            try:
                morsels = SimpleCookie(line)
            except CookieError:
                continue
            self.cookies |= {name: morsel.value for name, morsel in morsels.items()}
        if handler is None:
            return
        size = len(answer.body)
        what = f"a response has {size_text(size)}"
        self.facts.append(Fact("M104", handler, what, float(size), handler=handler))
        media = " ".join(answer.headers.get("content-type", ()))
        text = answer.body[:_LINKED] if media.startswith(_TEXTS) else b""
        location = " ".join(answer.headers.get("location", ()))
        base = re.escape(self.base.encode())
        if re.search(base + rb"(?!\d)", text + b" " + location.encode()):
            what = "a response has an absolute link to the host of the request"
            self.facts.append(Fact("M702", handler, what, handler=handler))


def plain_requests(app: web.Application) -> tuple[ParityRequest, ...]:
    """Return a GET for each route without parameters."""
    paths = {
        route.resource.canonical: None
        for route in app.router.routes()
        if route.method in ("GET", "*")
        and isinstance(route.resource, web.PlainResource)
        and "{" not in route.resource.canonical
    }
    return tuple(ParityRequest(f"GET {path}", "GET", path or "/", (), None, None) for path in paths)


def with_cookies(
    requests: Sequence[ParityRequest], cookies: dict[str, str]
) -> tuple[ParityRequest, ...]:
    """Return the first GET of each target, at most 20, with cookies instead of its own."""
    line = "; ".join(f"{name}={value}" for name, value in cookies.items())
    by_target: dict[str, ParityRequest] = {}
    for request in requests:
        if request.method == "GET" and request.target not in by_target:
            headers = [pair for pair in request.headers if pair[0].lower() != "cookie"]
            by_target[request.target] = ParityRequest(
                request.name, "GET", request.target, (*headers, ("Cookie", line)), None, None
            )
    return tuple(by_target.values())[:20]
