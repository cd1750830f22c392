"""Reads an access log as a scenario: which paths were asked for, and how often.

It knows the JSON lines that ferryman writes and the combined format of nginx and Apache. A
log holds no bodies, so what would need one is left out, and said.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from ferryman.core.errors import ConfigError
from ferryman.measure.request import Request, Scenario

__all__ = ("read_access_log",)

_COMBINED = re.compile(r'"(?P<method>[A-Z]+) (?P<target>/\S*) HTTP/[0-9.]+" [0-9]{3} ')
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
_MOST = 200
"""Requests that are told apart; the rarer ones are left out, or none would be sent often."""


def read_access_log(path: Path) -> Scenario:
    """Return the scenario that an access log shows; it may be packed with gzip.

    Raises:
        ConfigError: It cannot be read, or no line in it tells of a request.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", errors="replace") as lines:
            seen, unread = _count(lines)
    except (OSError, EOFError) as error:
        raise ConfigError(f"{path} cannot be read as an access log", cause=str(error)) from None
    kept = {pair: count for pair, count in seen.items() if pair[0] in _BODILESS}
    if not kept:
        raise ConfigError(
            f"{path} tells of no request that can be sent again",
            cause=f"{unread} lines are of no known format, {seen.total()} need a body",
            hint="JSON lines of ferryman and the combined format are read; name a scenario"
            " .toml or .har so",
        )
    common = dict(Counter(kept).most_common(_MOST))
    requests = tuple(Request(*pair, weight=float(count)) for pair, count in common.items())
    return Scenario(path.name, requests, tuple(_notes(seen, kept, common, unread)))


def _count(lines: Iterable[str]) -> tuple[Counter[tuple[str, str]], int]:
    seen: Counter[tuple[str, str]] = Counter()
    unread = 0
    for line in lines:
        found = _from_json(line) if line.startswith("{") else _from_combined(line)
        if found:
            seen[found] += 1
        elif line.strip():
            unread += 1
    return seen, unread


def _from_json(line: str) -> tuple[str, str] | None:
    try:
        record = json.loads(line)
        found = str(record["method"]), str(record["path"])
    except (ValueError, KeyError, TypeError):
        return None
    return found if found[1].startswith("/") else None


def _from_combined(line: str) -> tuple[str, str] | None:
    match = _COMBINED.search(line)
    return (match["method"], match["target"]) if match else None


def _notes(
    seen: Counter[tuple[str, str]],
    kept: dict[tuple[str, str], int],
    common: dict[tuple[str, str], int],
    unread: int,
) -> Iterable[str]:
    if unread:
        yield f"{unread} lines tell of no request"
    if bodies := seen.total() - sum(kept.values()):
        yield f"{bodies} of {seen.total()} requests need a body that a log does not hold: left out"
    if rare := sum(kept.values()) - sum(common.values()):
        yield f"the {_MOST} commonest requests are sent; {rare} of others are left out"
