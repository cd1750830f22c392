"""The seam between platforms and everything that compares them."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol

from ferryman.cost.bill import Bill
from ferryman.cost.curve import Curve
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.workload import Workload

__all__ = ("Platform",)


class Platform(Protocol):
    """Something that an application can run on and that has a price."""

    @property
    def name(self) -> str:
        """What tables and sentences call it, unlike any other in a comparison."""

    @property
    def pays_per_request(self) -> bool:
        """Whether no traffic means no bill; otherwise capacity is paid for by the hour."""

    @property
    def assumptions(self) -> str:
        """What it takes for granted besides the workload, in half a sentence."""

    def bill(self, workload: Workload, book: PriceBook) -> Bill:
        """Return what a month of the workload costs.

        Raises:
            ConfigError: A price is missing, or the workload does not fit the platform.
        """

    def cost_curve(self, workload: Workload, book: PriceBook, horizon: Decimal) -> Curve:
        """Return USD a month by requests a month, exactly, from zero to ``horizon``.

        The workload's own number of requests plays no part.

        Raises:
            ConfigError: As `bill` does.
        """
