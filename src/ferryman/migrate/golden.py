"""Reads golden traffic: the requests that a release recorded in its log, with their responses.

A line may be a server's JSON or CloudWatch's text, with or without the prefixes of `aws logs` and
`kubectl logs`.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ferryman.core.errors import ConfigError, reason_of
from ferryman.core.recording import MARK

__all__ = ("COOKIES", "Golden", "Recorded", "read_golden")

COOKIES = "it had cookies"
"""The reason to withhold a request that needs the cookies of a session."""

_BEGIN = re.compile(re.escape(MARK) + r'(\{(\\*)"v\\*": 1,)')


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded response.

    Attributes:
        status: Its status.
        type: Its Content-Type, if it had one.
        location: Its Location header, if it had one.
        digest: The SHA-256 of its body; None for a file or a stream.
        size: The bytes of its body, if it has a digest.
    """

    status: int
    type: str | None = None
    location: str | None = None
    digest: str | None = None
    size: int = 0


@dataclass(frozen=True, slots=True)
class Golden:
    """A request that was recorded, once or several times.

    Attributes:
        method: The method.
        target: Path and query.
        headers: The headers whose values were kept.
        body: Its body; None if it had none, or if that was left out.
        withheld: Why it cannot be sent unchanged; empty if it can.
        answers: The distinct responses, in order.
        times: How often it was recorded.
    """

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes | None = None
    withheld: str = ""
    answers: tuple[Recorded, ...] = ()
    times: int = field(default=1, compare=False)


def read_golden(paths: Iterable[Path]) -> tuple[Golden, ...]:
    """Return the requests in some logs; equal requests are merged.

    Raises:
        ConfigError: A log cannot be read, or no log has records.
    """
    found: dict[tuple[object, ...], Golden] = {}
    read = list(paths)
    for path in read:
        for record in _records(path):
            each = _golden(record)
            key = (each.method, each.target, each.headers, each.body, each.withheld)
            found[key] = _joined(found[key], each) if key in found else each
    if not found:
        raise ConfigError(
            f"there are no recorded requests in {', '.join(map(str, read))}",
            hint="set record = 0.01 in [tool.ferryman.server] or [tool.ferryman.lambda], and "
            "deploy: a part of the requests is kept in the log from then on",
        )
    return tuple(found.values())


def _records(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the records of a log; truncated lines are skipped."""
    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            yield from filter(None, map(_record, lines))
    except OSError as error:
        raise ConfigError(f"{path} cannot be read", cause=reason_of(error)) from None


def _record(line: str) -> dict[str, Any] | None:
    begin = _BEGIN.search(line)
    if begin is None:
        return None
    decoder, text = json.JSONDecoder(), line[begin.start(1) :]
    try:
        # Each JSON string around the record doubles the backslashes before a quote, and adds one.
        for _ in range(len(begin[2]).bit_length()):
            text = decoder.raw_decode(f'"{text}')[0]
        found: Any = decoder.raw_decode(text)[0]
        return found if isinstance(found, dict) else None
    except ValueError:
        return None


def _golden(record: dict[str, Any]) -> Golden:
    answer = record.get("answer") or {}
    return Golden(
        method=str(record["method"]),
        target=str(record["target"]),
        headers=tuple((str(n), str(v)) for n, v in record.get("headers", {}).items()),
        body=_body(record),
        withheld=_withheld(record),
        answers=(
            Recorded(
                int(record["status"]),
                record.get("type"),
                record.get("location"),
                answer.get("sha256"),
                int(answer.get("size", 0)),
            ),
        ),
    )


def _body(record: dict[str, Any]) -> bytes | None:
    text = (record.get("body") or {}).get("base64")
    return None if text is None else base64.b64decode(text)


def _withheld(record: dict[str, Any]) -> str:
    """Return why a request cannot be sent unchanged."""
    others = set(record.get("other_headers", ()))
    if record["status"] == 304:
        return "its client had the response cached already"
    if record.get("redacted"):
        return "a value of its query was left out of the log"
    if "authorization" in others:
        return "it had credentials"
    if record.get("body") and "base64" not in record["body"]:
        return "its body was left out of the log"
    return COOKIES if "cookie" in others else ""


def _joined(one: Golden, other: Golden) -> Golden:
    answers = dict.fromkeys((*one.answers, *other.answers))
    return replace(one, answers=tuple(answers), times=one.times + other.times)
