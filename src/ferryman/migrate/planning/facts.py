"""The facts that a plan is made from: both sides, their traffic, and the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from ferryman.core.capabilities import Capabilities

__all__ = ("Facts", "Load", "Side", "Traffic")


class Load(Protocol):
    """The capacity and cost of a side for a share of the traffic, from 0 to 1."""

    @property
    def platform(self) -> str:
        """The platform's name."""

    @property
    def unit(self) -> str:
        """The unit of capacity: servers, or environments."""

    @property
    def processes(self) -> int:
        """Processes in each unit."""

    def units(self, share: float) -> int:
        """Return how many units the busiest hour needs."""

    def usd(self, share: float, kept: float | None = None) -> Decimal:
        """Return USD a month, with servers kept for another share."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side.

    Attributes:
        name: The side's name in the settings.
        capabilities: The capabilities of its target.
        load: Its capacity and cost.
        units: The most servers or environments that it may have; None if unknown.
        connections: The most database connections that each of its processes opens; None if
            unknown.
        streams: Whether it streams responses.
        settings: Its target's settings that affect responses, by name.
        environment: Its environment variables, by name; None if ferryman does not set them.
    """

    name: str
    capabilities: Capabilities
    load: Load
    units: int | None = None
    connections: int | None = None
    streams: bool = False
    settings: Mapping[str, object] = field(default_factory=dict)
    environment: Mapping[str, str] | None = None

    def needs(self, share: float) -> int:
        """Return how many of its units the busiest hour needs for a share."""
        return self.load.units(share)

    def opened(self, share: float) -> int | None:
        """Return the most database connections that are open for a share; None if unknown."""
        if self.connections is None:
            return None
        return self.needs(share) * self.load.processes * self.connections


@dataclass(frozen=True, slots=True)
class Traffic:
    """The traffic.

    Attributes:
        rate: Requests a second at the quietest time that the migration runs through.
        largest_body: Bytes of the largest known body, in either direction; None if none is known.
        largest_of: The request with that body.
        streamed: Requests whose responses are known to be streams.
        silent_hours: Hours of the week without any requests.
        assumed: The assumptions in the workload, in words; empty if all of it is measured.
    """

    rate: float
    largest_body: int | None = None
    largest_of: str = ""
    streamed: tuple[str, ...] = ()
    silent_hours: int = 0
    assumed: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """All facts of a plan.

    Attributes:
        old: The side that the traffic leaves.
        new: The side that it goes to.
        traffic: The traffic.
        findings: Findings of `ferryman check` for the new side, in lines.
        database_connections: Connections that the database accepts; None if unknown.
    """

    old: Side
    new: Side
    traffic: Traffic
    findings: tuple[str, ...] = ()
    database_connections: int | None = None
