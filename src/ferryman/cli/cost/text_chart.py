"""The curves and the week as text, for a terminal: each platform is a letter.

Its functions are pure and return lines of text, readable without colour and in a pipe.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import click

from ferryman.cost.compare import Comparison
from ferryman.cost.page.bill_chart import CHEAPEST_SHOWN, sampled, shown_volumes
from ferryman.cost.page.drawing import Point, dollars, requests
from ferryman.cost.page.scale import Scale, decades, round_steps
from ferryman.cost.page.week_chart import DAYS, capacities, hourly_rates
from ferryman.cost.study import Study, shown_duels
from ferryman.cost.traffic.shape import HOURS, Shape
from ferryman.records.wording import counted

__all__ = ("plot_curves", "plot_week")

WIDTH, HEIGHT, WEEK_HEIGHT, MARGIN = 84, 20, 10, 9
CROSSOVER = "o"
COLOURS = ("blue", "red", "green", "magenta", "cyan", "yellow")
EIGHTHS = " ▁▂▃▄▅▆▇█"
STEP = HOURS // WIDTH


def letter(index: int) -> str:
    """Return the letter of a platform, by its place in the comparison."""
    return chr(ord("A") + index % 26)


class _Canvas:
    """Rows of cells, the top one first; later marks cover earlier ones."""

    def __init__(self, height: int) -> None:
        self.rows = [[" "] * WIDTH for _ in range(height)]
        self.labels = [""] * height

    def put(self, column: float, row: float, mark: str) -> None:
        """Put a mark into a cell; a cell outside the canvas is ignored."""
        place = round(row)
        if 0 <= place < len(self.rows) and 0 <= round(column) < WIDTH:
            self.rows[place][round(column)] = mark

    def lines(self) -> Iterator[str]:
        """Yield the rows behind their labels, the letters in colour."""
        for label, row in zip(self.labels, self.rows, strict=True):
            yield f"{label:>{MARGIN}} |{''.join(map(_coloured, row))}".rstrip()
        yield " " * MARGIN + " +" + "-" * WIDTH


def _coloured(mark: str) -> str:
    if not mark.isupper():
        return mark
    return click.style(mark, fg=COLOURS[(ord(mark) - ord("A")) % len(COLOURS)])


def plot_curves(study: Study) -> Iterator[str]:
    """Yield a chart of bill against traffic, both on log scales, and its legend."""
    comparison = study.comparison
    low, high = shown_volumes(study)
    samples = [sampled(curve, low, high) for curve in comparison.curves]
    most = max(y for points in samples for _, y in points)
    x = Scale(low, high, 0, WIDTH - 1, log=True)
    y = Scale(CHEAPEST_SHOWN, max(most, 10) * 1.4, HEIGHT - 1, 0, log=True)
    canvas = _Canvas(HEIGHT)
    for index, points in enumerate(samples):
        for column, value in _by_column(points, x):
            if value >= y.low:
                canvas.put(column, y.at(value), letter(index))
    for change in (change for duel in shown_duels(comparison) for change in duel.changes):
        if change.usd >= y.low and low < change.requests < high:
            canvas.put(x.at(float(change.requests)), y.at(float(change.usd)), CROSSOVER)
    for value in decades(y.low, y.high):
        canvas.labels[round(y.at(value))] = dollars(value)
    yield "USD a month by requests a month, both logarithmic"
    yield from canvas.lines()
    yield _foot((x.at(value), requests(value)) for value in decades(low, high))
    yield from _legend(comparison)
    yield f"  {CROSSOVER} a crossover"


def _by_column(points: Sequence[Point], x: Scale) -> Iterator[Point]:
    """Yield the height of a line over each column that it reaches."""
    place = 0
    for column in range(WIDTH):
        while place < len(points) and x.at(points[place][0]) < column:
            place += 1
        if place < len(points):
            yield column, points[place][1]


def _foot(marks: Iterator[tuple[float, str]] | Sequence[tuple[float, str]]) -> str:
    text = ""
    for column, label in marks:
        start = MARGIN + 2 + round(column) - len(label) // 2
        if start > len(text):
            text = text.ljust(start) + label
    return text


def _legend(comparison: Comparison) -> Iterator[str]:
    for index, platform in enumerate(comparison.platforms):
        yield f"  {_coloured(letter(index))} {platform.name}"


def plot_week(comparison: Comparison, shape: Shape) -> Iterator[str]:
    """Yield a chart of the week's traffic, two hours to a column, with the servers' capacity."""
    rates = [max(pair) for pair in _pairs(hourly_rates(comparison, shape))]
    held = capacities(comparison, shape)
    low_enough = [each for each in held if max(each.rates) <= 5 * max(rates)]
    top = max([*rates, *(max(each.rates) for each in low_enough)]) * 1.1 or 1.0
    y = Scale(0, top, WEEK_HEIGHT, 0)
    canvas = _Canvas(WEEK_HEIGHT + 1)
    for column, rate in enumerate(rates):
        for row in range(WEEK_HEIGHT + 1):
            share = min(max(row + 1 - y.at(rate) - 0.5, 0), 1)
            canvas.put(column, row, EIGHTHS[round(share * 8)])
    for each in low_enough:
        for column, pair in enumerate(_pairs(each.rates)):
            canvas.put(column, y.at(max(pair)), letter(each.index))
    for value in round_steps(top, 4):
        canvas.labels[round(y.at(value))] = f"{value:g}"
    yield f"Requests a second over a week of the shape {shape.name}, and what servers can carry"
    yield from canvas.lines()
    yield _foot([(day * 24 / STEP + 6, name[:3]) for day, name in enumerate(DAYS)])
    for each in held:
        far = "" if each in low_enough else ", far above"
        count = sorted({min(each.servers), max(each.servers)})
        least = f"{count[0]} to " if len(count) > 1 else ""
        servers = f"{least}{counted(count[-1], 'server')}"
        yield f"  {_coloured(letter(each.index))} {each.platform}: {servers}{far}"


def _pairs(values: Sequence[float]) -> Iterator[Sequence[float]]:
    for start in range(0, len(values), STEP):
        yield values[start : start + STEP]
