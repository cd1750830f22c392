"""Servers for the base of the traffic, and a Lambda function for requests that find them full.

The servers run all month; their number is the cheapest at each volume. A process is full when it
has `max_in_flight` requests, and sends further requests to the function (the server's `overflow`).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from itertools import pairwise

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Bill, Charge, Servers, cost_curve, make_bill
from ferryman.cost.curve import Curve, Segment
from ferryman.cost.hybrid.cheapest_number import (
    MOST_SERVERS,
    Window,
    cheapest_windows,
    make_option,
)
from ferryman.cost.number_format import exact, plain, volume
from ferryman.cost.platforms.fleet import Fleet
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.platform import Platform, bill_beyond
from ferryman.cost.platforms.sizes import SizedPlatform, admissible_sizes
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.stepped_curve import SteppedCurve
from ferryman.cost.workload import Inputs, Workload

__all__ = ("Hybrid", "PricedHybrid", "price_hybrid")

MICRO = 10**6
"""The curve has costs rounded to a millionth of a USD."""


@dataclass(frozen=True)
class Hybrid:
    """Servers and a function.

    Args:
        servers: The servers, of one size or several.
        function: The function; servers call it directly, so its front door is not billed.
    """

    servers: Platform
    function: LambdaFunction

    @property
    def name(self) -> str:
        """Such as ``Fargate arm64 + Lambda``."""
        return f"{self.servers.name} + Lambda"

    @property
    def pays_per_request(self) -> bool:
        """False: the servers cost money while idle."""
        return False

    @property
    def highly_available(self) -> bool:
        """The same as for the servers."""
        return self.servers.highly_available

    @property
    def assumptions(self) -> str:
        """What the servers assume, how many there are, and when they send requests on."""
        return (
            f"{self.servers.assumptions}; the bill, not the share of CPU, sets the number of"
            " servers, and a function takes the requests that find them full"
        )

    def fleet(self, book: PriceBook) -> Fleet | None:
        """Return the servers of the first size."""
        return self.servers.fleet(book)

    def charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield the charges of the servers; those of the function depend on the volume."""
        return self.servers.charges(inputs, book)

    def notes(self, workload: Workload) -> Iterator[str]:
        """Yield the notes of the servers."""
        return self.servers.notes(workload)


@dataclass(frozen=True)
class PricedHybrid:
    """A hybrid with its charges for one workload, at any volume.

    Args:
        platform: The hybrid.
        workload: The workload; its own number of requests is ignored.
        sent_on: The function's charges for a request that is sent on.
        starts: Where each window begins, requests a month, in rising order.
        windows: The cheapest servers of each range of volumes.
        end: Requests a month above which there are too many servers to count, or they are full.
        is_full: Whether the servers are full at the end.
    """

    platform: Hybrid
    workload: Workload
    sent_on: tuple[Charge, ...]
    starts: tuple[int, ...]
    windows: tuple[Window, ...]
    end: Fraction
    is_full: bool

    @property
    def limit(self) -> Fraction | None:
        """The most requests a month that the hybrid carries; ``None`` for no limit."""
        return self.end if self.is_full else None

    @property
    def reach(self) -> Fraction | None:
        """The requests a month above which there would be too many servers to count."""
        return None if self.is_full else self.end

    def window(self, requests: Decimal) -> Window:
        """Return the window of a volume, with its cheapest servers."""
        return self.windows[max(0, bisect_right(self.starts, requests) - 1)]

    def size_of(self, requests: Decimal) -> str:
        """Return the size of the cheapest servers; empty if the platform has one size."""
        return self.window(requests).option.name

    def servers(self, requests: Decimal) -> int | None:
        """Return the number of the cheapest servers."""
        return self.window(requests).running

    def bill(self, requests: Decimal) -> Bill:
        """Return the bill of a month with so many requests.

        Raises:
            ConfigError: The requests need too many servers to count.
        """
        if requests > self.end:
            return self._beyond(requests)
        window, there = self.window(requests), replace(self.workload, requests=requests)
        sent = window.sent(Fraction(requests))
        credits = window.option.credits
        kept = [charge for charge in window.option.charges if charge not in credits]
        named = [replace(x, item=f"Overflow: {x.item}") for x in self.sent_on]
        notes = (*self.platform.notes(there), self._note(window, requests, sent))
        made = self._part(requests, kept, window.running, notes)
        served = self._part(requests - exact(sent), credits, window.running)
        beyond = self._part(exact(sent), named, 0)
        return replace(
            made,
            lines=(*made.lines, *served.lines, *beyond.lines),
            notes=tuple(dict.fromkeys((*made.notes, *served.notes, *beyond.notes))),
            servers=window.running,
            size=window.option.name,
            sent_on=sent,
        )

    def _part(
        self,
        requests: Decimal,
        charges: list[Charge] | tuple[Charge, ...],
        running: int,
        notes: tuple[str, ...] = (),
    ) -> Bill:
        return make_bill(
            self.platform.name,
            requests,
            charges,
            running=Fraction(running),
            highly_available=self.platform.highly_available,
            notes=notes,
        )

    def _beyond(self, requests: Decimal) -> Bill:
        if not self.is_full:
            raise ConfigError(
                f"{volume(requests)} requests a month need more than {MOST_SERVERS:,} servers",
                hint="choose larger servers or a lower horizon",
            )
        return bill_beyond(self.platform, requests, self.end)

    def _note(self, window: Window, requests: Decimal, sent: Fraction) -> str:
        if not sent:
            return "its servers are never full, so its function gets no requests"
        limit = window.option.table.limit(window.option.rate(float(requests), window.servers))
        share = plain(sent / Fraction(requests) * 100, 2)
        return (
            f"at {volume(requests)} requests a month, {share} % of them go to the function, with"
            f" max_in_flight = {limit}"
        )

    def curve(self, _: Decimal) -> SteppedCurve:
        """Return USD a month by requests a month, rounded to a millionth of a USD."""
        return self._curve

    @cached_property
    def _curve(self) -> SteppedCurve:
        lines: list[Segment] = []
        ends = (*self.starts[1:], int(self.end))
        least = Fraction(0)
        for start, stop, window in zip(self.starts, ends, self.windows, strict=True):
            points = []
            for x in self._edges(window, start, stop):
                # Rounding must not make more traffic cheaper.
                usd = Fraction(round(window.cost(x, self._function) * MICRO), MICRO)
                least = max(least, usd)
                points.append((Fraction(x), least))
            lines += [Segment(x, y, (v - y) / (u - x)) for (x, y), (u, v) in pairwise(points)]
        return SteppedCurve(Curve(tuple(lines), self.end), rises=True)

    def _edges(self, window: Window, start: int, stop: int) -> list[float]:
        inside = {x for x in window.edges(self._function) if start < x < stop}
        return sorted({float(start), float(stop), *inside})

    @cached_property
    def _function(self) -> SteppedCurve:
        return cost_curve(self.sent_on, Servers())


def price_hybrid(
    platform: Hybrid, workload: Workload, book: PriceBook, around: float | None = None
) -> PricedHybrid:
    """Return a hybrid with its charges.

    Args:
        platform: The hybrid.
        workload: The workload.
        book: The prices.
        around: The only volume that the caller needs, requests a month, which is much faster;
            ``None`` for all volumes.

    Raises:
        ConfigError: A price is missing, or the workload fits no size.
        NotSoldError: Such servers cannot send requests on.
    """
    inputs, servers = workload.inputs, platform.servers
    sent_on = tuple(platform.function.overflow_charges(inputs, book))
    sizes = {"": servers}
    if isinstance(servers, SizedPlatform):
        sizes = admissible_sizes(servers, inputs, book)
    options = [make_option(name, size, inputs, book) for name, size in sizes.items()]
    starts, windows, end = cheapest_windows(options, cost_curve(sent_on, Servers()), around)
    is_full = all(option.most < MOST_SERVERS - option.spare for option in options)
    return PricedHybrid(platform, workload, sent_on, starts, windows, Fraction(end), is_full)
