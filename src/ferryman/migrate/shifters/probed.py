"""Checks the sides' health at their own addresses, in addition to the balancer's checks."""

from __future__ import annotations

import urllib.request
from dataclasses import dataclass, replace

from ferryman.migrate.shifters import Live, NotHealthy, Shifter

__all__ = ("Probed",)


@dataclass(frozen=True, slots=True)
class Probed:
    """A shifter that also checks each side's health at its own address.

    Attributes:
        shifter: The balancer.
        old: The old side's health address; empty for no check.
        new: The new side's health address; empty for no check.
        timeout: Seconds to wait for a response.
    """

    shifter: Shifter
    old: str
    new: str
    timeout: float = 5.0

    def read(self) -> Live:
        """Return the live state; a side is healthy if both it and the balancer say so."""
        live = self.shifter.read()
        return replace(
            live,
            old_healthy=live.old_healthy and self._answers(self.old),
            new_healthy=live.new_healthy and self._answers(self.new),
        )

    def join(self) -> None:
        """Let the new side join with a weight of 0."""
        self.shifter.join()

    def write(self, start: float, end: float) -> None:
        """Change the new side's percentage."""
        if end > start and not self._answers(self.new):
            raise NotHealthy(f"{self.new} does not answer 200: the weight stays as it is")
        self.shifter.write(start, end)

    def _answers(self, address: str) -> bool:
        if not address:
            return True
        try:
            with urllib.request.urlopen(address, timeout=self.timeout) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (OSError, ValueError):
            return False
