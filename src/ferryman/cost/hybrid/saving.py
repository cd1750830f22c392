"""Finds where servers with a function behind them cost less than servers or a function alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from ferryman.cost.compare import Comparison
from ferryman.cost.envelope import CostCurve
from ferryman.cost.hybrid.overflowing import Hybrid
from ferryman.cost.platforms.sizes import curve

__all__ = ("HybridSaving", "find_savings")

WORTH = 0.01
"""The smallest saving that is worth a second platform, as a share."""

PLACES = 200


@dataclass(frozen=True, slots=True)
class HybridSaving:
    """What a hybrid saves compared with the cheaper of its servers and its function alone.

    Args:
        platform: The name of the hybrid.
        own: The saving at the workload's own volume, as a share; below 0 if the hybrid costs more.
        start: The lowest volume at which it saves 1 %, requests a month; ``None`` if it never
            does.
        end: The highest such volume, up to the horizon.
        best: The volume at which it saves most.
        most: The largest saving, as a share.
    """

    platform: str
    own: float
    start: Decimal | None = None
    end: Decimal | None = None
    best: Decimal | None = None
    most: float = 0.0


def find_savings(comparison: Comparison) -> Iterator[HybridSaving]:
    """Yield what each hybrid of a comparison saves, from 201 volumes up to the horizon.

    Raises:
        ConfigError: A price is missing.
    """
    for platform, both in zip(comparison.platforms, comparison.curves, strict=True):
        if isinstance(platform, Hybrid):
            parts = [
                curve(part, comparison.workload, comparison.book, comparison.horizon)
                for part in (platform.function, platform.servers)
            ]
            yield _saving(platform.name, both, parts, comparison)


def _saving(
    name: str, both: CostCurve, parts: list[CostCurve], comparison: Comparison
) -> HybridSaving:
    ends = [float(x.end) for x in (both, *parts) if x.end is not None]
    top = min([float(comparison.horizon), *ends])
    own = _share(both, parts, min(float(comparison.workload.requests), top))
    volumes = [1000.0 * (top / 1000.0) ** (place / PLACES) for place in range(PLACES + 1)]
    shares = [(_share(both, parts, volume), volume) for volume in volumes]
    worth = [volume for share, volume in shares if share >= WORTH]
    if not worth:
        return HybridSaving(name, own)
    most, best = max(shares)
    start, end, at = (Decimal(round(x)) for x in (worth[0], worth[-1], best))
    return HybridSaving(name, own, start, end, at, most)


def _share(both: CostCurve, parts: list[CostCurve], requests: float) -> float:
    alone = min(part.near(requests) for part in parts)
    return 1 - both.near(requests) / alone if alone else 0.0
