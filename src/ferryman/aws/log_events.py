"""Reads a log group of CloudWatch Logs: the last lines, and new ones."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

from ferryman.aws.session import Aws
from ferryman.core.errors import ConfigError

__all__ = ("last_events", "new_events")

_SINCE = re.compile(r"(\d+)([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_PAUSE = 2.0


def last_events(aws: Aws, group: str, since: str, count: int) -> list[tuple[str, str]]:
    """Return the last lines of a log group, each with the name of its stream.

    Args:
        aws: The session.
        group: The log group.
        since: How far back to read, such as `10m`.
        count: How many lines at most.

    Raises:
        ConfigError: `since` is not a length of time.
        AwsError: AWS refused.
    """
    found = list(_events(aws, group, _start(since)))
    return [_line(event) for event in found[len(found) - min(count, len(found)) :]]


def new_events(aws: Aws, group: str, since: str, count: int) -> Iterator[tuple[str, str]]:
    """Yield the last lines of a log group, and then every new one, endlessly.

    Raises:
        ConfigError: `since` is not a length of time.
        AwsError: AWS refused.
    """
    start, seen = _start(since), set[str]()
    first = True
    while True:
        fresh = [event for event in _events(aws, group, start) if event["eventId"] not in seen]
        for event in fresh[-count:] if first else fresh:
            yield _line(event)
        first = False
        seen.update(event["eventId"] for event in fresh)
        # Lines arrive late and out of order: the last minute is read again each time.
        start = max(start, int(time.time() * 1000) - 60_000)
        time.sleep(_PAUSE)


def _events(aws: Aws, group: str, start: int) -> Iterator[dict[str, Any]]:
    return aws.pages("logs", "filter_log_events", "events", logGroupName=group, startTime=start)


def _start(since: str) -> int:
    match = _SINCE.fullmatch(since)
    if not match:
        raise ConfigError(f"--since {since}: write it as 30s, 10m, 2h or 1d")
    return int((time.time() - int(match[1]) * _SECONDS[match[2]]) * 1000)


def _line(event: dict[str, Any]) -> tuple[str, str]:
    return event["logStreamName"], event["message"].rstrip()
