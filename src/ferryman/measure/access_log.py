"""Reads an access log as a scenario: which paths were asked for, and how often.

It knows the JSON lines that ferryman writes and the combined format of nginx and Apache. A
log holds no bodies, so what would need one is left out, and said. The times between requests
are kept, so that they can be sent again at another rate.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from ferryman.core.errors import ConfigError
from ferryman.cost.traffic.moment import common_log_clock, iso_clock
from ferryman.measure.arrivals import gaps_of
from ferryman.measure.request import Request, Scenario

__all__ = ("read_access_log",)

_COMBINED = re.compile(
    r'\[(?P<time>[^\]]{26})\] "(?P<method>[A-Z]+) (?P<target>/\S*) HTTP/[0-9.]+" [0-9]{3} '
)
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
_Read = Callable[[str], tuple[tuple[str, str], float | None]]

_MOST_TIMES = 20_000
"""Times that are kept: enough for bursts and lulls to be among them."""

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
            seen, times, unread = _count(lines)
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
    notes = tuple(_notes(seen, kept, common, unread))
    return Scenario(path.name, requests, notes, gaps_of(times))


def _count(lines: Iterable[str]) -> tuple[Counter[tuple[str, str]], list[float], int]:
    """Return the requests, when the first of them came, and the lines that tell of none."""
    seen: Counter[tuple[str, str]] = Counter()
    times: list[float] = []
    unread = 0
    from_json, from_combined = _json_reader(), _combined_reader()
    for line in lines:
        try:
            request, time = (from_json if line.startswith("{") else from_combined)(line)
        except (ValueError, LookupError, TypeError, AttributeError):
            unread += bool(line.strip())
            continue
        seen[request] += 1
        if time is not None and len(times) < _MOST_TIMES:
            times.append(time)
    return seen, times, unread


def _json_reader() -> _Read:
    clock = iso_clock()

    def read(line: str) -> tuple[tuple[str, str], float | None]:
        record = json.loads(line)
        method, path = str(record["method"]), str(record["path"])
        if not path.startswith("/"):
            raise ValueError("it has no path")
        time = record.get("timestamp")
        return (method, path), clock(time.encode()) if time else None

    return read


def _combined_reader() -> _Read:
    clock = common_log_clock()

    def read(line: str) -> tuple[tuple[str, str], float | None]:
        match = _COMBINED.search(line)
        if match is None:
            raise ValueError("no time in brackets and request in quotes")
        return (match["method"], match["target"]), clock(match["time"].encode())

    return read


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
