"""Sends the same requests to several servers, and compares their answers.

An answer is its status, its headers and the bytes of its body. Only the headers in `MAY_DIFFER` may
differ between targets.
"""

from __future__ import annotations

import base64
import binascii
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from ferryman.core.errors import ConfigError, reason_of
from ferryman.migrate.ignoring import check_ignored, without
from ferryman.records.wording import counted

__all__ = (
    "MAY_DIFFER",
    "Answer",
    "Difference",
    "ParityRequest",
    "agreed_errors",
    "compare",
    "open_session",
    "read_setup",
    "read_table",
    "send",
)

MAY_DIFFER: Mapping[str, str] = {
    "connection": "it describes the connection to the client, and each target has its own",
    "keep-alive": "as connection",
    "transfer-encoding": "it frames the body on one connection; the bytes of the body are compared",
    "content-length": "a gateway counts a streamed body, a server sends it in chunks; where both "
    "targets send a length, the lengths are compared",
    "server": "a gateway names itself there, or nothing; ferryman tells none of its own",
    "date": "the clock went on between the two; that both send one is compared",
}
"""Headers in which two targets may differ, each with the reason."""

_OF_ONE_SIDE = frozenset({"connection", "keep-alive", "server", "transfer-encoding"})
# Errors of aiohttp's client for an answer that is invalid or incomplete.
_BROKEN = (
    aiohttp.ClientResponseError,
    aiohttp.ClientPayloadError,
    aiohttp.ServerDisconnectedError,
)
# Bytes to show before and after the first difference.
_BEFORE, _AFTER = 24, 56
_KEYS = {"name", "method", "target", "headers", "status", "varies", "ignore"}
_BODIES = {"body", "body_base64", "body_repeat"}


@dataclass(frozen=True, slots=True)
class ParityRequest:
    """A request that every target must answer alike.

    Attributes:
        name: A short phrase, given once.
        method: The request method.
        target: Path and query, sent byte for byte.
        headers: Names and values in order, repeats allowed.
        body: The content, or None.
        status: The status that every target must answer, or None for any.
        varies: Headers of the answer whose values may differ, in lower case.
        ignore: Parts of the body that may differ: JSON paths, and patterns between slashes.
    """

    name: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None
    status: int | None
    varies: frozenset[str] = frozenset()
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer.

    Attributes:
        status: The status code.
        headers: Values by lower-case name; those of a repeated name in order.
        body: The raw bytes of the body.
        failure: Why there was no valid HTTP answer; the other attributes are then empty.
    """

    status: int
    headers: Mapping[str, tuple[str, ...]]
    body: bytes
    failure: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One part of an answer in which two targets differ.

    Attributes:
        request: The request's name.
        part: `answer`, `status`, `body` or a header's name.
        values: Each target's value of that part, by the target's name.
    """

    request: str
    part: str
    values: Mapping[str, str]

    def __str__(self) -> str:
        """Return the difference as one line."""
        shown = ", ".join(f"{name} {value}" for name, value in self.values.items())
        return f"{self.request}: {self.part}: {shown}"


def read_table(path: Path) -> tuple[ParityRequest, ...]:
    """Read a table of requests, in TOML: one `[[request]]` each.

    Raises:
        ConfigError: The file cannot be read, or a request in it is not complete.
    """
    table = _read(path)
    rows = table.get("request")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ConfigError(f"{path} has no [[request]]", hint="write one for each request")
    everywhere = _ignored(table, f"{path}")
    requests = tuple(
        replace(made, ignore=(*everywhere, *made.ignore))
        for n, row in enumerate(rows, 1)
        for made in (_request(row, f"{path}: request {n}"),)
    )
    names = [request.name for request in requests]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"{path}: two requests are named '{name}'", hint="rename one")
    return requests


def read_setup(path: Path) -> str | tuple[ParityRequest, ...]:
    """Read the setup, which resets the app's state before each target.

    Returns:
        A command, or requests to send; no requests if the table has no `setup`.

    Raises:
        ConfigError: The file cannot be read, or its setup is not complete.
    """
    setup = _read(path).get("setup", [])
    if isinstance(setup, str):
        return setup
    rows = setup if isinstance(setup, list) else [setup]
    if not all(isinstance(row, dict) for row in rows):
        raise ConfigError(
            f"{path}: setup is neither a command nor requests",
            hint='write setup = "python seed.py" above the first [[request]], or [[setup]]',
        )
    return tuple(_request(row, f"{path}: setup {n}") for n, row in enumerate(rows, 1))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(
            f"{path} cannot be read as a table of requests",
            cause=reason_of(error),
        ) from None


def open_session(connector: aiohttp.BaseConnector | None = None) -> aiohttp.ClientSession:
    """Return a client that adds no headers, follows no redirects and unpacks no bodies.

    Args:
        connector: The connector of the client; by default one that resolves names as usual.
    """
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        timeout=aiohttp.ClientTimeout(total=60),
        max_line_size=65536,
        max_field_size=65536,
    )


async def send(session: aiohttp.ClientSession, base: str, request: ParityRequest) -> Answer:
    """Send a request to the server at a base address and return the answer.

    Args:
        session: The client from `open_session`.
        base: Scheme, host and port, such as `http://127.0.0.1:8000`.
        request: The request.

    Raises:
        aiohttp.ClientError: The server could not be reached.
    """
    try:
        return await _ask(session, base, request)
    except _BROKEN as error:
        return Answer(0, {}, b"", f"{type(error).__name__}: {' '.join(str(error).split())}")


async def _ask(session: aiohttp.ClientSession, base: str, request: ParityRequest) -> Answer:
    async with session.request(
        request.method,
        URL(base + request.target, encoded=True),
        headers=CIMultiDict(request.headers),
        data=request.body,
        allow_redirects=False,
    ) as answer:
        names = {name.lower() for name in answer.headers}
        return Answer(
            status=answer.status,
            headers={name: tuple(answer.headers.getall(name)) for name in sorted(names)},
            body=await answer.read(),
        )


def compare(request: ParityRequest, answers: Mapping[str, Answer]) -> tuple[Difference, ...]:
    """Return the parts in which the answers differ, from each other or from the table.

    Args:
        request: The request.
        answers: The answer of each target, by the target's name.
    """
    if any(answer.failure for answer in answers.values()):
        said = {name: each.failure or f"status {each.status}" for name, each in answers.items()}
        return (Difference(request.name, "answer", said),)
    found = []
    statuses = {name: str(answer.status) for name, answer in answers.items()}
    if request.status is not None:
        statuses["table"] = str(request.status)
    if len(set(statuses.values())) > 1:
        found.append(Difference(request.name, "status", statuses))
    bodies = {name: without(answer.body, request.ignore) for name, answer in answers.items()}
    alike = len(set(bodies.values())) == 1
    for header in sorted({name for answer in answers.values() for name in answer.headers}):
        values = {name: answer.headers.get(header) for name, answer in answers.items()}
        # Different bodies have different lengths anyway.
        counts = header != "content-length" or (alike and not request.ignore)
        if counts and not _agree(header, tuple(values.values()), request.varies):
            shown = {name: _header_text(value) for name, value in values.items()}
            found.append(Difference(request.name, header, shown))
    if not alike:
        found.append(Difference(request.name, "body", _outlines(bodies)))
    return tuple(found)


def agreed_errors(
    requests: Sequence[ParityRequest], answers: Mapping[str, Sequence[Answer]]
) -> dict[int, int]:
    """Return how many requests get the same unexpected error from every target, by status.

    Args:
        requests: The requests.
        answers: The answers to them of each target, by the target's name.

    Returns:
        The number of requests, by status.
    """
    found: dict[int, int] = {}
    for request, *answered in zip(requests, *answers.values(), strict=True):
        statuses = {answer.status for answer in answered}
        status = statuses.pop()
        if not statuses and status >= 400 and request.status is None:
            found[status] = found.get(status, 0) + 1
    return found


def _agree(header: str, values: Sequence[tuple[str, ...] | None], varies: frozenset[str]) -> bool:
    if header in _OF_ONE_SIDE:
        return True
    if header == "content-length":
        return len({value for value in values if value is not None}) <= 1
    if None in values:
        return False
    if header == "date" or header in varies:
        return True
    if header == "set-cookie":
        return len(set(values)) == 1
    # A list in one header or in several is the same list (RFC 9110, 5.3).
    return len({", ".join(value or ()) for value in values}) == 1


def _header_text(values: tuple[str, ...] | None) -> str:
    return "none" if values is None else " and ".join(values)


def _outlines(bodies: Mapping[str, bytes]) -> dict[str, str]:
    """Return for each body its length, and the bytes around the first difference."""
    columns = enumerate(zip(*bodies.values(), strict=False))
    shortest = min(len(body) for body in bodies.values())
    place = next((index for index, column in columns if len(set(column)) > 1), shortest)
    start = max(0, place - _BEFORE)
    before = f"byte {start} on, " if start else ""
    return {
        name: f"{counted(len(body), 'byte')}, {before}{body[start : place + _AFTER]!r}"
        for name, body in bodies.items()
    }


def _request(row: Mapping[str, Any], place: str) -> ParityRequest:
    unknown = row.keys() - _KEYS - _BODIES
    if unknown:
        raise ConfigError(
            f"{place}: there is no key '{min(unknown)}'",
            hint=f"the keys are {', '.join(sorted(_KEYS | _BODIES))}",
        )
    method = str(row.get("method", "GET"))
    try:
        return ParityRequest(
            name=str(row.get("name", f"{method} {row['target']}")),
            method=method,
            target=str(row["target"]),
            headers=tuple((str(name), str(value)) for name, value in row.get("headers", ())),
            body=_body(row),
            status=int(row["status"]) if "status" in row else None,
            varies=frozenset(str(name).lower() for name in row.get("varies", ())),
            ignore=_ignored(row, place),
        )
    except KeyError as error:
        raise ConfigError(f"{place}: it has no {error.args[0]}") from None
    except (ValueError, TypeError, binascii.Error) as error:
        raise ConfigError(f"{place}: it cannot be read", cause=str(error)) from None


def _ignored(row: Mapping[str, Any], place: str) -> tuple[str, ...]:
    ignored = row.get("ignore", [])
    if not isinstance(ignored, list) or not all(isinstance(each, str) for each in ignored):
        raise ConfigError(f"{place}: ignore is no list of texts", hint='write ignore = ["$.id"]')
    try:
        return check_ignored(ignored)
    except ValueError as error:
        raise ConfigError(f"{place}: ignore cannot be read", cause=str(error)) from None


def _body(row: Mapping[str, Any]) -> bytes | None:
    if "body_base64" in row:
        return base64.b64decode(row["body_base64"], validate=True)
    if "body_repeat" in row:
        text, times = row["body_repeat"]
        return bytes(text.encode() * times)
    return str(row["body"]).encode() if "body" in row else None
