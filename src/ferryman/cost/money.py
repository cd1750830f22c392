"""Converts USD into another currency, and adds a tax."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ferryman.cost.number_format import plain

__all__ = ("Money",)


@dataclass(frozen=True, slots=True)
class Money:
    """A currency with its exchange rate, and a tax.

    Args:
        currency: Its code, such as ``EUR``.
        per_usd: The value of one USD in this currency.
        tax: The tax as a share of the amount, such as 0.19.
    """

    currency: str = "USD"
    per_usd: Decimal = Decimal(1)
    tax: Decimal = Decimal(0)

    def of(self, usd: Decimal) -> Decimal:
        """Return an amount in USD as an amount in this currency, tax included."""
        return usd * self.per_usd * (1 + self.tax)

    @property
    def text(self) -> str:
        """The currency, the rate and the tax: ``EUR at 0.92 a USD, with 19 % tax``."""
        rate = f"{self.currency} at {plain(self.per_usd)} a USD"
        parts = [self.currency if self.per_usd == 1 else rate]
        parts += [f"with {plain(self.tax * 100)} % tax"] if self.tax else []
        return ", ".join(parts)
