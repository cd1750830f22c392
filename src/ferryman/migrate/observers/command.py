"""Runs the user's own command, which prints the totals of both sides as JSON.

    {"old": {"answers": 9000, "failures": 2}, "new": {"answers": 90}, "slow_limit": 0.25}

Totals only grow; this module computes the counts since the previous look.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ferryman.core.errors import FerrymanError
from ferryman.migrate.observers import Sight, since, totals_of
from ferryman.migrate.shifters.command import run_command

__all__ = ("CommandObserver",)


@dataclass(frozen=True, slots=True)
class CommandObserver:
    """A command.

    Attributes:
        command: The program and its arguments. It gets the frozen limit as
            `FERRYMAN_SLOW_LIMIT`, in seconds, once there is one.
        timeout: Seconds after which it is ended.
    """

    command: tuple[str, ...]
    timeout: float = 60.0

    listens: ClassVar[bool] = False

    def look(self, cursor: Any, slow_limit: float | None) -> Sight:
        """Return the observations since a cursor."""
        given: dict[str, str | float] = {"slow_limit": slow_limit} if slow_limit else {}
        found = run_command(self.command, self.timeout, given)
        counts, totals = [], {}
        for side in ("old", "new"):
            now = totals_of(found.get(side), self.command[0])
            if now is None:
                raise FerrymanError(f"{self.command[0]}: it prints nothing of the {side} side")
            counts.append(since(now, totals_of((cursor or {}).get(side), "the state's cursor")))
            totals[side] = found[side]
        limit = found.get("slow_limit")
        return Sight(counts[0], counts[1], totals, float(limit) if limit else None)

    def close(self) -> None:
        """Do nothing: there are no resources."""
