"""Reads a release's own metrics: the histogram that a ferryman server keeps of its requests.

The metrics miss requests that never reached the release (port closed, host gone); the balancer's
counters or log have those.
"""

from __future__ import annotations

import re
import urllib.request
from dataclasses import asdict, dataclass
from typing import Any

from ferryman.core.errors import FerrymanError, reason_of
from ferryman.core.judge import Counts
from ferryman.migrate.observers import SideSight, since, totals_of

__all__ = ("Metrics", "read_metrics")

_NAME = "http_server_request_duration_seconds"
_SAMPLE = re.compile(rf"{_NAME}_(bucket|count)\{{(.*)\}} ([0-9.eE+]+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_MOST = 32 * 2**20
_LEAST = 100
"""The fewest answers to take a 95th percentile from."""


@dataclass(frozen=True, slots=True)
class Histogram:
    """Totals by status and by time.

    Attributes:
        answers: Answers by status.
        within: Answers that took at most a number of seconds, by that bound.
    """

    answers: dict[int, int]
    within: dict[float, int]

    def limit(self) -> float | None:
        """Return the smallest bound that 95 of 100 answers were within, in seconds."""
        total = sum(self.answers.values())
        if total < _LEAST:
            return None
        return next((b for b, n in sorted(self.within.items()) if n >= 0.95 * total), None)

    def counts(self, slow_limit: float | None) -> Counts:
        """Return the totals, with answers above a limit, which is one of the bounds, as slow."""
        total = sum(self.answers.values())
        bounds = [bound for bound in self.within if slow_limit and bound >= slow_limit]
        return Counts(
            total,
            failures=sum(n for status, n in self.answers.items() if status >= 500),
            rejections=sum(n for status, n in self.answers.items() if 400 <= status < 500),
            slow=total - self.within[min(bounds)] if bounds else 0,
        )


@dataclass(frozen=True, slots=True)
class Metrics:
    """A side, by the address of its metrics."""

    url: str
    timeout: float = 10.0

    def look(self, cursor: Any, slow_limit: float | None) -> SideSight:
        """Return the observations since a cursor."""
        try:
            with urllib.request.urlopen(self.url, timeout=self.timeout) as answer:  # noqa: S310
                text = answer.read(_MOST).decode("utf-8", "replace")
        except OSError as error:
            raise FerrymanError(
                f"{self.url} gives no metrics",
                cause=reason_of(error),
                hint="the admin port of the server has them, at /metrics",
            ) from None
        found = read_metrics(text)
        now = found.counts(slow_limit)
        before = totals_of((cursor or {}).get("totals"), "the state's cursor")
        # The first look with a limit counts slow answers that the previous look could not.
        if before and cursor.get("slow_limit") != slow_limit:
            before = None
        after = {"totals": asdict(now), "slow_limit": slow_limit}
        return SideSight(since(now, before), after, found.limit())


def read_metrics(text: str) -> Histogram:
    """Return the histogram of metrics in the text format of Prometheus."""
    answers: dict[int, int] = {}
    within: dict[float, int] = {}
    for kind, labels, value in _SAMPLE.findall(text):
        named = dict(_LABEL.findall(labels))
        if kind == "count":
            status = int(named.get("http_response_status_code", 0))
            answers[status] = answers.get(status, 0) + int(float(value))
        elif named["le"] != "+Inf":
            bound = float(named["le"])
            within[bound] = within.get(bound, 0) + int(float(value))
    return Histogram(answers, within)
