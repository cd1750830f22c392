"""The free tiers of an account. Its applications share them, so others may have used them up."""

from __future__ import annotations

from decimal import Decimal

from ferryman.cost.prices.book import PriceBook

__all__ = ("ALL_FREE_TIERS", "FREE_TIERS", "allowance")

FREE_TIERS = ("lambda", "egress", "logs", "cloudfront", "gke")
"""Lambda's requests, duration and streamed bytes; egress to the internet; CloudWatch Logs;
CloudFront's requests and egress; Google's credit for one cluster."""

ALL_FREE_TIERS = frozenset(FREE_TIERS)


def allowance(
    tier: str, rate: str, book: PriceBook, region: str, free_tiers: frozenset[str]
) -> Decimal:
    """Return the units a month that are free of charge: 0 if the tier is used up.

    Args:
        tier: One of `FREE_TIERS`.
        rate: The row of the price book with the units.
        book: The prices.
        region: A region of the provider.
        free_tiers: The tiers that are left for the application.
    """
    return book.rate(rate, region).value if tier in free_tiers else Decimal(0)
