"""Stand-ins that keep a weight in memory, for tests of what is decided and not of a balancer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from ferryman.core.judge import Counts
from ferryman.migrate.observers import Sight
from ferryman.migrate.shifters import Drift, Live, NotHealthy
from ferryman.migrate.stores import Conflict

__all__ = ("MemoryBalancer", "MemoryStore", "Steady")


@dataclass
class MemoryBalancer:
    """A balancer that remembers each weight it ever had."""

    weight: float | None = None
    old_healthy: bool = True
    new_healthy: bool = True
    credentials: float | None = None
    weights: list[float] = field(default_factory=list)

    def read(self) -> Live:
        return Live(self.weight, self.old_healthy, self.new_healthy, self.credentials)

    def join(self) -> None:
        self._set(self.weight or 0.0)

    def write(self, start: float, end: float) -> None:
        if self.weight != start:
            raise Drift(self.weight, start)
        if end > start and not self.new_healthy:
            raise NotHealthy("the new side is not healthy")
        self._set(end)

    def _set(self, weight: float) -> None:
        self.weight = weight
        self.weights.append(weight)


@dataclass
class Steady:
    """An observer to whom both sides answer so many requests between two looks."""

    old: Counts = field(default_factory=lambda: Counts(1000))
    new: Counts = field(default_factory=lambda: Counts(100))
    limit: float | None = 0.1
    measuring: bool = False
    listens: ClassVar[bool] = False

    def look(self, cursor: Any, slow_limit: float | None) -> Sight:
        return Sight(self.old, self.new, None, self.limit, self.measuring)

    def close(self) -> None:
        pass


@dataclass
class MemoryStore:
    """A store in memory, which can be told to end the process before or after a write."""

    content: bytes | None = None
    count: int = 0
    place: str = "memory"
    ignores: bool = False

    def read(self) -> tuple[bytes, str] | None:
        return None if self.content is None else (self.content, str(self.count))

    def write(self, content: bytes, version: str | None) -> str:
        if not self.ignores and version != (None if self.content is None else str(self.count)):
            raise Conflict(self.place)
        self.content, self.count = content, self.count + 1
        return str(self.count)

    def probe(self) -> None:
        pass
