"""Reads an access log as a scenario: the requested paths, and their frequencies.

It knows the JSON lines that ferryman writes and the combined format of nginx and Apache. A log has
no bodies, so requests with a body are left out, with a note. The times between requests are kept,
to send them again at another rate.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

from ferryman.core.errors import ConfigError, reason_of
from ferryman.cost.traffic.clocks import common_log_clock, iso_clock
from ferryman.measure.request import Request, Scenario
from ferryman.measure.send_times import gaps_of
from ferryman.records.wording import counted

__all__ = ("read_access_log",)

_COMBINED = re.compile(
    r'\[(?P<time>[^\]]{26})\] "(?P<method>[A-Z]+) (?P<target>/\S*) HTTP/[0-9.]+"'
    r" (?P<status>[0-9]{3}) "
)
_BODILESS = frozenset({"GET", "HEAD", "OPTIONS"})
_Pair = tuple[str, str]
_Read = Callable[[str], tuple[_Pair, float | None, int | None]]

_MOST_TIMES = 20_000
"""How many times to keep: enough to include bursts and lulls."""

_MOST = 200
"""How many distinct requests to keep; rarer ones are left out, or none would be sent often."""


def read_access_log(path: Path) -> Scenario:
    """Return the scenario that an access log shows; it may be packed with gzip.

    Raises:
        ConfigError: The log cannot be read, or has no request.
    """
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8", errors="replace") as lines:
            seen, answers, times, unread = _count(lines)
    except (OSError, EOFError) as error:
        raise ConfigError(
            f"{path} cannot be read as an access log", cause=reason_of(error)
        ) from None
    kept = {pair: count for pair, count in seen.items() if pair[0] in _BODILESS}
    if not kept:
        raise ConfigError(
            f"{path} has no request that can be sent again",
            cause=f"{counted(unread, 'line')} of no known format,"
            f" {counted(seen.total(), 'request')} with a body",
            hint="the log must have ferryman's JSON lines or the combined format; the name of a"
            " scenario must end in .toml or .har",
        )
    common = dict(Counter(kept).most_common(_MOST))
    requests = tuple(
        Request(*pair, weight=float(count), status=_usual(answers[pair]))
        for pair, count in common.items()
    )
    notes = tuple(_notes(seen, kept, common, unread))
    return Scenario(path.name, requests, notes, gaps_of(times))


def _usual(answers: Counter[int]) -> int | None:
    return answers.most_common(1)[0][0] if answers else None


def _count(
    lines: Iterable[str],
) -> tuple[Counter[_Pair], dict[_Pair, Counter[int]], list[float], int]:
    """Return the requests, their statuses, their times, and the number of unreadable lines."""
    seen: Counter[_Pair] = Counter()
    answers: dict[_Pair, Counter[int]] = defaultdict(Counter)
    times: list[float] = []
    unread = 0
    from_json, from_combined = _json_reader(), _combined_reader()
    for line in lines:
        try:
            request, time, status = (from_json if line.startswith("{") else from_combined)(line)
        except (ValueError, LookupError, TypeError, AttributeError):
            unread += bool(line.strip())
            continue
        seen[request] += 1
        if status is not None:
            answers[request][status] += 1
        if time is not None and len(times) < _MOST_TIMES:
            times.append(time)
    return seen, answers, times, unread


def _json_reader() -> _Read:
    clock = iso_clock()

    def read(line: str) -> tuple[_Pair, float | None, int | None]:
        record = json.loads(line)
        method, path = str(record["method"]), str(record["path"])
        if not path.startswith("/"):
            raise ValueError("it has no path")
        time, status = record.get("timestamp"), record.get("status")
        known = status if isinstance(status, int) else None
        return (method, path), clock(time.encode()) if time else None, known

    return read


def _combined_reader() -> _Read:
    clock = common_log_clock()

    def read(line: str) -> tuple[_Pair, float | None, int | None]:
        match = _COMBINED.search(line)
        if match is None:
            raise ValueError("no time in brackets and request in quotes")
        pair = match["method"], match["target"]
        return pair, clock(match["time"].encode()), int(match["status"])

    return read


def _notes(
    seen: Counter[_Pair],
    kept: dict[_Pair, int],
    common: dict[_Pair, int],
    unread: int,
) -> Iterable[str]:
    if unread:
        yield f"no request was found in {counted(unread, 'line')}"
    if bodies := seen.total() - sum(kept.values()):
        yield (
            f"{bodies:,} of {counted(seen.total(), 'request')} left out:"
            " a log does not hold the body"
        )
    if rare := sum(kept.values()) - sum(common.values()):
        yield f"the {_MOST} commonest requests are sent; {rare:,} of others are left out"
