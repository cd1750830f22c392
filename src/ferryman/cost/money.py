"""Amounts in another currency and with a tax: a factor on what bills say in USD."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ferryman.cost.number_format import plain

__all__ = ("Money",)


@dataclass(frozen=True, slots=True)
class Money:
    """What a USD is to the one who pays.

    Args:
        currency: Such as ``EUR``.
        per_usd: How many of it a USD is.
        tax: A share that comes on top.
    """

    currency: str = "USD"
    per_usd: Decimal = Decimal(1)
    tax: Decimal = Decimal(0)

    def of(self, usd: Decimal) -> Decimal:
        """Return what an amount in USD is."""
        return usd * self.per_usd * (1 + self.tax)

    @property
    def text(self) -> str:
        """Such as ``EUR at 0.92 a USD, with 19 % tax``."""
        rate = f"{self.currency} at {plain(self.per_usd)} a USD"
        parts = [self.currency if self.per_usd == 1 else rate]
        parts += [f"with {plain(self.tax * 100)} % tax"] if self.tax else []
        return ", ".join(parts)
