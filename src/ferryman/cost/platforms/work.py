"""Hours of operations work, as lines of a platform's bill."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ferryman.cost.bill import Charge, Usage
from ferryman.cost.hybrid.overflowing import Hybrid
from ferryman.cost.number_format import plain
from ferryman.cost.platforms.eks import Eks, EksFargate
from ferryman.cost.platforms.gke import Gke
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.lambda_edge import EdgeFunction
from ferryman.cost.platforms.managed_instances import ManagedInstances
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.platforms.sizes import SizedPlatform
from ferryman.cost.platforms.store import with_stores
from ferryman.cost.prices.book import PriceBook, Rate, Tier

__all__ = ("with_work",)


@dataclass(frozen=True, slots=True)
class Work:
    """Hours of work in a month, billed as a store is.

    Args:
        kind: The target of a build: ``lambda``, ``server`` or ``k8s``.
        hours: Hours a month.
        hourly: USD an hour.
    """

    kind: str
    hours: Decimal
    hourly: Decimal

    def charges(self, book: PriceBook, _: str) -> Iterator[Charge]:
        """Yield the hours."""
        tiers = (Tier(Decimal(0), self.hourly),)
        rate = Rate("work", "*", "hour", tiers, "given by hand", book.date, "computed")
        formula = f"{plain(self.hours)} h a month"
        yield Charge(f"Work on {self.kind}", Usage(fixed=self.hours), rate, formula)


def with_work(
    platforms: Sequence[Platform], hours: Mapping[str, Decimal], hourly: Decimal
) -> tuple[Platform, ...]:
    """Return platforms with the hours of work on their bills.

    Args:
        platforms: The platforms.
        hours: Hours a month by ``lambda``, ``server`` and ``k8s``; a missing one adds no line.
        hourly: USD an hour.
    """

    def works(platform: Platform) -> tuple[Work, ...]:
        return tuple(Work(kind, hours[kind], hourly) for kind in _kinds(platform) if kind in hours)

    return tuple(with_stores(platform, works(platform), "") for platform in platforms)


def _kinds(platform: Platform) -> tuple[str, ...]:
    """Return the targets that run on a platform: one, or two on a hybrid."""
    if isinstance(platform, Hybrid):
        return *_kinds(platform.servers), "lambda"
    size = platform.first if isinstance(platform, SizedPlatform) else platform
    if isinstance(size, LambdaFunction | ManagedInstances | EdgeFunction):
        return ("lambda",)
    return ("k8s",) if isinstance(size, Eks | EksFargate | Gke) else ("server",)
