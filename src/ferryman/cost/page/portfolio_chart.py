"""The bill of several applications by their traffic, as a factor of today's.

Below it, on the same scale, the traffic at which servers become cheaper for each application: among
the others, and alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ferryman.cost.page.drawing import (
    NARROW,
    WIDTH,
    dollars,
    dot_and_name,
    line,
    name_room,
    path,
    picture,
    text,
)
from ferryman.cost.page.markup import Markup, element, join
from ferryman.cost.page.scale import Scale, decades
from ferryman.cost.portfolio import Crossover, Portfolio
from ferryman.cost.portfolio_tables import crossover_text
from ferryman.records.wording import counted, three_digits

__all__ = ("narrow_portfolio_chart", "portfolio_chart")

LEFT, TOP, BOTTOM, RIGHT = 58.0, 12.0, 272.0, 24.0
NARROW_LEFT = 54.0
FIRST_ROW, ROW, NARROW_ROW = 352.0, 38.0, 40.0
LINES = (("s0", "a function each"), ("s2", "all on shared EC2 instances"))
MOST_LETTERS = 30
"""A longer name of an application is shortened in the picture; the table shows all of it."""


def portfolio_chart(found: Portfolio) -> Markup:
    """Return the chart, with a row below it for each application."""
    names = [text for x in found.crossovers for text in (_shortened(x.app), _values(x))]
    plot = _Plot.of(found, LEFT, WIDTH - name_room(names, 26))
    rows = (_row(plot, each, FIRST_ROW + ROW * n) for n, each in enumerate(found.crossovers))
    return picture(
        FIRST_ROW + ROW * len(found.crossovers) - 10,
        _label(found),
        plot.drawn("plot"),
        *_legend(plot.x.start),
        *(part for row in rows for part in row),
        class_="wide",
    )


def narrow_portfolio_chart(found: Portfolio) -> Markup:
    """Return the chart for a narrow screen, with each application's name above its row."""
    plot = _Plot.of(found, NARROW_LEFT, NARROW - RIGHT)
    rows = (
        _row(plot, each, FIRST_ROW + 22 + NARROW_ROW * n, above=True)
        for n, each in enumerate(found.crossovers)
    )
    return picture(
        FIRST_ROW + NARROW_ROW * len(found.crossovers),
        _label(found),
        plot.drawn("narrow-plot"),
        *_legend(8.0),
        *(part for row in rows for part in row),
        width=NARROW,
        class_="narrow",
    )


def _label(found: Portfolio) -> str:
    return (
        "Line chart: USD a month by the traffic of all applications, as functions and on shared"
        f" servers; below it the crossovers of {counted(len(found.apps), 'application')}"
    )


@dataclass(frozen=True, slots=True)
class _Plot:
    """The part of the chart that has two scales.

    Attributes:
        found: The portfolio.
        x: The traffic as a factor of today's.
        y: USD a month.
    """

    found: Portfolio
    x: Scale
    y: Scale

    @classmethod
    def of(cls, found: Portfolio, start: float, stop: float) -> _Plot:
        """Return the plot between two places; the portfolio must have traffic."""
        amounts = [each.functions for each in found.growth]
        amounts += [each.shared for each in found.growth if each.shared is not None]
        least = max(min(amounts), 1.0) / 1.6
        y = Scale(least, max(*amounts, least * 4) * 1.4, BOTTOM, TOP, log=True)
        x = Scale(found.growth[0].factor, found.growth[-1].factor, start, stop, log=True)
        return cls(found, x, y)

    def drawn(self, clip: str) -> Markup:
        """Return the axes, both curves, today's traffic and where the curves cross."""
        growth, x, y = self.found.growth, self.x, self.y
        area = element("rect", x=x.start, y=TOP, width=x.stop - x.start, height=BOTTOM - TOP)
        functions = [(x.at(each.factor), y.at(each.functions)) for each in growth]
        shared = [(x.at(a.factor), y.at(a.shared)) for a in growth if a.shared is not None]
        curves = (path(functions, "series s0"), path(shared, "series s2") if shared else "")
        return join(
            (
                element("defs", element("clipPath", area, id=clip)),
                self._axes(),
                element("g", *curves, clip_path=f"url(#{clip})"),
                self._today(),
                self._crossing(),
            )
        )

    def _axes(self) -> Markup:
        x, y = self.x, self.y
        parts = [text((x.start - 8, TOP + 2), "USD", "tick", "end")]
        for value in decades(y.low, y.high):
            place = y.at(value)
            parts.append(line((x.start, place), (x.stop, place), "grid"))
            if place > TOP + 16:
                parts.append(text((x.start - 8, place + 4), dollars(value), "tick", "end"))
        for value in decades(x.low, x.high):
            place = x.at(value)
            parts.append(line((place, TOP), (place, BOTTOM), "grid"))
            parts.append(text((place, BOTTOM + 18), f"x {three_digits(value)}", "tick", "middle"))
        parts.append(text((x.stop, BOTTOM + 36), "times today's traffic", "tick", "end"))
        return join(parts)

    def _today(self) -> Markup:
        """Return a mark at today's traffic and the bill of the cheaper side."""
        start, moved = self.found.start, self.found.moves[-1].usd
        place, height = self.x.within(1.0), self.y.within(min(start, moved))
        right = place > (self.x.start + self.x.stop) / 2
        spot = (place + (-6 if right else 6), TOP + 12)
        return join(
            (
                line((place, TOP), (place, BOTTOM), "own"),
                text(spot, "today", "note", "end" if right else None),
                element("circle", cx=place, cy=height, r=5.0, class_="mine"),
            )
        )

    def _crossing(self) -> Markup:
        """Return a mark where both sides cost the same, with the factor."""
        factor = self.found.factor
        if factor is None:
            return Markup()
        both = next(each for each in self.found.growth if each.factor == factor)
        place, height = self.x.within(factor), self.y.within(both.functions)
        left = factor < 1 or place > self.x.stop - 60  # clear of today's line, and of the edge
        spot = (place + (-10 if left else 10), height + (-10 if left else 18))
        return join(
            (
                element("circle", cx=place, cy=height, r=4.5, class_="cross"),
                text(spot, f"x {three_digits(factor)}", "note", "end" if left else None),
            )
        )


def _legend(left: float) -> Iterator[Markup]:
    for index, (kind, name) in enumerate(LINES):
        yield dot_and_name((left + 8, BOTTOM + 32 + 18 * index), f"dot {kind}", name)


def _row(plot: _Plot, each: Crossover, middle: float, *, above: bool = False) -> Iterator[Markup]:
    """Yield an application's name and its crossovers, as factors of its own traffic."""
    x, own = plot.x, float(each.requests)
    yield line((x.start, middle), (x.stop, middle), "grid")
    if above:
        yield text((x.start, middle - 14), _shortened(each.app), "name")
        yield text((x.stop, middle - 14), _values(each), "tick", "end")
    else:
        yield text((x.stop + 10, middle - 3), _shortened(each.app), "name")
        yield text((x.stop + 10, middle + 13), _values(each), "tick")
    first, last = (value / own if value and own else None for value in (each.among, each.alone))
    if first:
        start, end = x.within(first), x.within(last or x.high)
        yield element(
            "rect", x=min(start, end), y=middle - 3, width=abs(end - start), height=6.0,
            class_="bar",
        )  # fmt: skip
    today = x.within(1.0)
    yield line((today, middle - 8), (today, middle + 8), "own")
    for place, kind in ((first, "end-high"), (last, "end-low")):
        if place and x.low <= place <= x.high:
            yield element("circle", cx=x.at(place), cy=middle, r=4.5, class_=kind)


def _values(each: Crossover) -> str:
    return f"{crossover_text(each.among)}, alone {crossover_text(each.alone)}"


def _shortened(name: str) -> str:
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1]}…"
