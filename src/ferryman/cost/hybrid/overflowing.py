"""Servers for the base of the traffic, and a Lambda function for what they have no room for.

The servers run all month, and their number is the one with the lowest bill at each volume. What
finds a process full, which `max_in_flight` says, goes to the function (`overflow` of the server).
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
from ferryman.cost.platforms.platform import Platform
from ferryman.cost.platforms.sizes import SizedPlatform, admissible_sizes
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.stepped_curve import SteppedCurve
from ferryman.cost.workload import Inputs, Workload

__all__ = ("Hybrid", "PricedHybrid", "price_hybrid")

MICRO = 10**6
"""Costs are rounded to a millionth of a USD where the curve is written out."""


@dataclass(frozen=True)
class Hybrid:
    """Servers and a function.

    Args:
        servers: The servers, of one size or several.
        function: The function; its door plays no part.
    """

    servers: Platform
    function: LambdaFunction

    @property
    def name(self) -> str:
        """Such as ``Fargate arm64 + Lambda``."""
        return f"{self.servers.name} + Lambda"

    @property
    def pays_per_request(self) -> bool:
        """False: the servers cost money while they wait."""
        return False

    @property
    def highly_available(self) -> bool:
        """As the servers have it."""
        return self.servers.highly_available

    @property
    def assumptions(self) -> str:
        """How many servers there are, and when they send on."""
        return (
            f"{self.servers.assumptions}; as many servers as cost least, without a reserve, and a"
            " function for what finds them full"
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
        workload: The workload; its own number of requests plays no part.
        sent_on: What the function bills for a request that is sent on.
        starts: Where each window begins, requests a month, by rising volume.
        windows: The numbers of servers that cost least.
        end: Requests a month beyond which servers are not counted, or would refuse some.
        is_full: Whether they would refuse some.
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
        """The most requests a month that can be carried; ``None`` for no limit."""
        return self.end if self.is_full else None

    @property
    def reach(self) -> Fraction | None:
        """The requests a month beyond which there would be too many servers to count."""
        return None if self.is_full else self.end

    def window(self, requests: Decimal) -> Window:
        """Return the servers that cost least at a volume."""
        return self.windows[max(0, bisect_right(self.starts, requests) - 1)]

    def size_of(self, requests: Decimal) -> str:
        """Return the size of those servers; empty where there is one."""
        return self.window(requests).option.name

    def servers(self, requests: Decimal) -> int | None:
        """Return the number of those servers."""
        return self.window(requests).running

    def bill(self, requests: Decimal) -> Bill:
        """Return what a month with so many requests costs.

        Raises:
            ConfigError: There would be too many servers to count.
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
                hint="choose larger servers or a nearer horizon",
            )
        note = f"it carries no more than {volume(self.end)} requests a month"
        available = self.platform.highly_available
        return Bill(self.platform.name, requests, (), available, notes=(note,), carried=False)

    def _note(self, window: Window, requests: Decimal, sent: Fraction) -> str:
        if not sent:
            return "no request finds its servers full"
        limit = window.option.table.limit(window.option.rate(float(requests), window.servers))
        share = plain(sent / Fraction(requests) * 100, 2)
        return (
            f"at {volume(requests)} requests a month {share} % of them go to the function, with"
            f" max_in_flight = {limit}"
        )

    def curve(self, _: Decimal) -> SteppedCurve:
        """Return USD a month by requests a month, to a millionth of a USD."""
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
        around: Requests a month, where the bill of that volume alone is asked for, which is much
            less to find.

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
