"""Golden traffic: writes a sample of requests to the log, with a digest of each response.

`ferryman migrate verify --from-logs` sends them to another release and shows the differences.
Recording is off by default, and loaded only when it is on. Possible secrets stay out of the log: it
gets only the names of most headers, no query values whose names suggest a secret, and of bodies the
size, with a digest of the response's.
"""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import random
import re
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

__all__ = ("LOGGER", "MARK", "digest", "make_recorder", "record_requests", "without_secrets")

LOGGER = "ferryman.recorded"
"""The name of the logger that gets the records."""

MARK = "recorded "
"""What the message of a record begins with; JSON follows."""

KEPT = frozenset(
    {
        *("accept", "accept-language", "content-language", "content-type"),
        *("range", "user-agent", "x-requested-with"),
    }
)
"""Headers whose values are kept; of all others only the name is kept."""

_SECRET = re.compile(
    r"token|secret|passw|pwd|auth|sign|sig$|code|session|sid$|key|jwt|otp|pin$|state|nonce|mail"
    r"|ticket|hash|credential|invite|reset",
    re.IGNORECASE,
)
_LONGEST_VALUE = 64
_LONGEST_TARGET = 2048
_LARGEST_BODY = 64 * 1024

_log = logging.getLogger(LOGGER)


def record_requests(app: web.Application, share: float, *, bodies: bool = False) -> None:
    """Make an app record a sample of its requests in the log.

    Args:
        app: The app, which has not started.
        share: The share of the requests that is recorded, from 0 to 1.
        bodies: Whether bodies of up to 64 KiB are kept whole.
    """
    if not share:
        return
    if app.frozen:
        _log.warning("requests are not recorded: the app was frozen before it started")
        return
    # By default Lambda shows only warnings; a user who sets `record` wants these lines.
    _log.setLevel(logging.INFO)
    app.middlewares.insert(0, make_recorder(share, bodies=bodies))


def make_recorder(share: float, *, bodies: bool = False) -> Middleware:
    """Return the middleware that records requests; for the arguments see `record_requests`."""

    @web.middleware
    async def recorder(request: web.Request, handler: Handler) -> web.StreamResponse:
        if random.random() >= share:  # noqa: S311 - no secret
            return await handler(request)
        try:
            response = await handler(request)
        except web.HTTPException as answer:
            _record(request, answer, bodies)
            raise
        _record(request, response, bodies)
        return response

    return recorder


def digest(body: bytes) -> dict[str, Any]:
    """Return the size and the digest of a body."""
    return {"size": len(body), "sha256": hashlib.sha256(body).hexdigest()}


def _record(request: web.Request, response: web.StreamResponse, bodies: bool) -> None:
    target, redacted = without_secrets(request.raw_path)
    if len(target) > _LONGEST_TARGET:
        return
    headers = {name.lower(): value for name, value in request.headers.items()}
    record: dict[str, Any] = {
        "v": 1,
        "method": request.method,
        "target": target,
        "redacted": redacted,
        "headers": {name: value for name, value in headers.items() if name in KEPT},
        "other_headers": sorted(headers.keys() - KEPT),
        "body": _request_body(request, bodies),
        "status": response.status,
        "type": response.headers.get("Content-Type"),
        "answer": None if request.method == "HEAD" else _answer_body(response, bodies),
    }
    if "Location" in response.headers:
        record["location"] = without_secrets(response.headers["Location"])[0]
    _log.info("%s%s", MARK, json.dumps(record))


def _request_body(request: web.Request, bodies: bool) -> dict[str, Any] | None:
    """Return the size of a body, and its content if `bodies` is set and the app read it whole.

    There is no digest: that of a password could be guessed.
    """
    if not request.body_exists:
        return None
    # A private attribute: reading the body here would take it from an app that streams it.
    body: bytes | None = request._read_bytes
    found: dict[str, Any] = {"size": request.content.total_bytes}
    if bodies and body is not None and len(body) <= _LARGEST_BODY:
        found["base64"] = base64.b64encode(body).decode()
    return found


def _answer_body(response: web.StreamResponse, bodies: bool) -> dict[str, Any] | None:
    """Return the digest of a response's body; None for a file or a stream."""
    if not isinstance(response, web.Response):
        return None
    body = response.body
    if body is None:
        return digest(b"")
    if not isinstance(body, bytes | bytearray):
        return None
    found = digest(bytes(body))
    if bodies and len(body) <= _LARGEST_BODY:
        found["base64"] = base64.b64encode(body).decode()
    return found


def without_secrets(target: str) -> tuple[str, list[str]]:
    """Return a target without query values that may be secret, and the names of those removed.

    Args:
        target: A path or a URL, as received.
    """
    path, mark, query = target.partition("?")
    if not mark:
        return target, []
    names, pairs = [], []
    for pair in query.split("&"):
        name, equals, value = pair.partition("=")
        if _SECRET.search(unquote_plus(name)) or len(value) > _LONGEST_VALUE:
            names.append(name)
            pair = f"{name}{equals}"
        pairs.append(pair)
    return f"{path}?{'&'.join(pairs)}", names
