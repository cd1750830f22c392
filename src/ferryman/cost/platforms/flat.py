"""A host with a flat monthly price that the user gives."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Charge, Usage
from ferryman.cost.platforms.fleet import Fleet, Sizing
from ferryman.cost.platforms.platform import OnServers
from ferryman.cost.prices.book import PriceBook, Rate, Tier
from ferryman.cost.workload import Inputs, Workload

__all__ = ("FlatHost",)


@dataclass(frozen=True, slots=True)
class FlatHost(OnServers):
    """Servers of any host, at a flat price each.

    Args:
        label: The name in tables.
        usd: USD a month for one server, everything included.
        vcpu: vCPUs of one server.
        memory_gb: Memory of one server, GB.
        sizing: How the servers are counted.
    """

    label: str
    usd: Decimal
    vcpu: Decimal
    memory_gb: Decimal
    sizing: Sizing = field(default_factory=lambda: Sizing(minimum=1))

    def __post_init__(self) -> None:
        for name, value in (("usd", self.usd), ("vcpu", self.vcpu), ("memory_gb", self.memory_gb)):
            if not value.is_finite() or value <= 0:
                raise ConfigError(f"{self.label}: {name} must be above 0, not {value}")

    @property
    def name(self) -> str:
        """The label."""
        return self.label

    @property
    def assumptions(self) -> str:
        """How the servers are sized."""
        return f"{self.usd:f} USD per server as given, {self.sizing.text}"

    def fleet(self, book: PriceBook) -> Fleet:
        """Return the servers to count."""
        return Fleet(self.vcpu, int(self.memory_gb * 1024), self.sizing)

    def notes(self, workload: Workload) -> Iterator[str]:
        """Yield that the price is the user's, and what the bill assumes of it."""
        yield "its price is the one you gave; the bill assumes that it includes egress and logs"

    def charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield the servers."""
        rate = Rate(
            id=f"flat.{self.label}",
            region="*",
            unit="server-month",
            tiers=(Tier(Decimal(0), self.usd),),
            source="given by the user",
            seen=book.date,
            confidence="list",
        )
        yield Charge(self.label, Usage(per_server=1), rate, "servers")
