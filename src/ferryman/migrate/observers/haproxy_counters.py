"""Reads HAProxy's own counters: answers, failures and rejections, but no slow answers.

The counters do not distinguish clients.
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
        """Return the observations since a cursor."""
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
        """Do nothing: each look opens and closes its own connection."""


def _counts(row: Row) -> Counts:
    """Return the totals of a server.

    Its 5xx count includes only its own answers; HAProxy answers for connections that it refused or
    broke.
    """
    failures = sum(int(row[name] or 0) for name in ("hrsp_5xx", "econ", "eresp"))
    rejections = int(row["hrsp_4xx"] or 0)
    return Counts(max(int(row["stot"] or 0), failures, rejections), failures, rejections)
