"""Lambda Web Functions at rates that the user gives: AWS had published none by November 2026.

Source of the billed items: "Web Functions" in the AWS Lambda developer guide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from ferryman.cost.bill import Charge, Usage
from ferryman.cost.number_format import MONTH_HOURS, plain
from ferryman.cost.platforms.free_tier import ALL_FREE_TIERS
from ferryman.cost.platforms.logs import log_charges
from ferryman.cost.platforms.network import internet_egress
from ferryman.cost.platforms.platform import OnLambda
from ferryman.cost.prices.book import PriceBook, Rate, Tier
from ferryman.cost.workload import Inputs, Workload

__all__ = ("WebFunction",)

AT_ONCE = 64
"""Requests that an environment handles at once by default."""


@dataclass(frozen=True, slots=True)
class WebFunction(OnLambda):
    """A function that is a server, billed by requests, active CPU and memory of environments.

    Args:
        rates: USD per million requests, per hour of active CPU, and per GB of memory and hour.
        region: An AWS region.
        free_tiers: The account's free tiers that are left for it.
    """

    rates: tuple[Decimal, Decimal, Decimal]
    region: str = "us-east-1"
    free_tiers: frozenset[str] = ALL_FREE_TIERS

    @property
    def name(self) -> str:
        """The name in tables."""
        return "Lambda Web Functions"

    @property
    def pays_per_request(self) -> bool:
        """False: the bill assumes one environment all month."""
        return False

    @property
    def assumptions(self) -> str:
        """How many environments there are."""
        return f"one environment all month, more if it has over {AT_ONCE} requests in flight"

    def notes(self, _: Workload) -> Iterator[str]:
        """Yield that the rates are the user's, and what the bill ignores."""
        yield (
            "its rates are the ones you gave: AWS has published none, and offers Web Functions for"
            " Node.js only; the bill ignores that they scale to zero"
        )

    def charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield requests, active CPU, memory, and what is sent and logged."""
        gigabytes = inputs.memory_mib / 1024
        cpu, held = inputs.cpu_ms / 3_600_000, inputs.wall_ms / 3_600_000 * gigabytes / AT_ONCE
        ready = MONTH_HOURS * gigabytes
        formula = f"{MONTH_HOURS} h x {plain(gigabytes)} GB, or requests x wall time / {AT_ONCE}"
        parts = (
            ("requests", "request", Usage(per_request=1), "requests"),
            ("CPU", "vCPU-hour", Usage(per_request=cpu), "requests x CPU time"),
            ("memory", "GB-hour", Usage(fixed=ready, least_per_request=held), formula),
        )
        million, vcpu_hour, gb_hour = self.rates
        prices = (million / 10**6, vcpu_hour, gb_hour)
        for (item, unit, usage, formula), usd in zip(parts, prices, strict=True):
            tiers = (Tier(Decimal(0), usd),)
            rate = Rate(
                f"web_function.{item}", "*", unit, tiers, "given by hand", book.date, "unverified"
            )
            yield Charge(f"Web Function {item}", usage, rate, formula)
        yield from internet_egress(inputs, book, self.region, free_tiers=self.free_tiers)
        size = inputs.log_bytes
        yield from log_charges(size, "logs.lambda", book, self.region, free_tiers=self.free_tiers)
