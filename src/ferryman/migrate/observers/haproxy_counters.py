"""Reads HAProxy's own counters: answers, failures and rejections; it has no count of slow ones.

Clients cannot be told apart in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from ferryman.core.judge import Counts
from ferryman.migrate.observers import Sight, since, totals_of
from ferryman.migrate.shifters.haproxy import HAProxy, Row

__all__ = ("HAProxyCounters",)


@dataclass(frozen=True, slots=True)
class HAProxyCounters:
    """The counters of two sides of a backend."""

    haproxy: HAProxy
    old: tuple[str, ...]
    new: tuple[str, ...]

    listens: ClassVar[bool] = False

    def look(self, cursor: Any, slow_limit: float | None) -> Sight:
        """Return what was seen since a cursor."""
        rows = self.haproxy.rows()
        now: dict[str, Mapping[str, int]] = {}
        sums = []
        for names in (self.old, self.new):
            total = Counts()
            for name in names:
                counts = _counts(rows[name])
                now[name] = asdict(counts)
                before = totals_of((cursor or {}).get(name), "the state's cursor")
                total += since(counts, before)
            sums.append(total)
        return Sight(sums[0], sums[1], now)

    def close(self) -> None:
        """Return: each look is a connection of its own."""


def _counts(row: Row) -> Counts:
    """Return the totals of a server.

    Its 5xx are those that it sent; a connection that it refused or broke is answered by HAProxy.
    """
    failures = sum(int(row[name] or 0) for name in ("hrsp_5xx", "econ", "eresp"))
    rejections = int(row["hrsp_4xx"] or 0)
    return Counts(max(int(row["stot"] or 0), failures, rejections), failures, rejections)
