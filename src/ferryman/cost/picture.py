"""A comparison as a picture: monthly cost against requests a month, both on log scales.

The only module of the room that needs matplotlib, and only when it draws. The same
comparison gives the same bytes. Floats are fine here: a pixel is coarser.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferryman.core.errors import ConfigError, FerrymanError, reason_of
from ferryman.core.whole_file import write_whole
from ferryman.cost.compare import Comparison
from ferryman.cost.figures import plain, volume
from ferryman.cost.stepped import SteppedCurve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ("draw", "save")

SIZE_INCHES = (800 / 96, 450 / 96)
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
"""Okabe and Ito's palette, told apart by colour-blind readers too."""

INK, CARD, GRID = "#24292f", "#ffffff", "#d8dee4"
"""An opaque card of its own, so that it reads on a light and on a dark page."""

CHEAPEST_SHOWN = 1.0
"""USD a month at the foot of the picture: a logarithm has no zero."""

SAMPLES = 200


def save(comparison: Comparison, path: Path) -> None:
    """Write the picture, as SVG or PNG by the suffix, whole or not at all.

    Raises:
        ConfigError: The suffix is neither ``.svg`` nor ``.png``.
        FerrymanError: matplotlib is not installed, or the file cannot be written.
    """
    kind = path.suffix.lower().removeprefix(".")
    if kind not in ("svg", "png"):
        raise ConfigError(
            f"{path}: cannot draw a {path.suffix or 'file without a suffix'}",
            hint="name the picture .svg or .png",
        )
    picture = _drawn(comparison, kind)
    try:
        write_whole(path, picture)
    except OSError as error:
        raise FerrymanError(
            f"{path}: the picture cannot be written", cause=reason_of(error)
        ) from error


def _drawn(comparison: Comparison, kind: str) -> bytes:
    silent = ("Date", "Creator") if kind == "svg" else ("Software",)
    metadata: dict[str, Any] = dict.fromkeys(silent)
    picture = BytesIO()
    with _own_style():
        draw(comparison).savefig(picture, format=kind, dpi=96, metadata=metadata)
    return picture.getvalue()


@contextmanager
def _own_style() -> Iterator[None]:
    """Set aside the user's matplotlib settings, and keep text as text in an SVG."""
    matplotlib = _matplotlib()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update({"svg.hashsalt": "ferryman", "svg.fonttype": "none"})
        yield


def _matplotlib() -> Any:
    try:
        import matplotlib
    except ImportError as error:
        raise FerrymanError(
            "matplotlib is not installed",
            cause=str(error),
            hint='pip install "ferryman[cost]"',
        ) from error
    return matplotlib


def draw(comparison: Comparison) -> Figure:
    """Return the picture as a matplotlib figure.

    Raises:
        FerrymanError: matplotlib is not installed.
    """
    _matplotlib()
    from matplotlib.figure import Figure

    figure = Figure(figsize=SIZE_INCHES, facecolor=CARD)
    axes = figure.add_axes((0.08, 0.12, 0.64, 0.72), facecolor=CARD)
    low, high = _range(comparison)
    heights = _lines(axes, comparison, low, high)
    _dress(axes, comparison, low, high, heights)
    _label(axes, comparison, heights)
    _mark(axes, comparison, low, high)
    return figure


def _range(comparison: Comparison) -> tuple[Fraction, Fraction]:
    """Return the volumes shown: the levels and the crossovers, with a margin."""
    points = [Fraction(level.requests) for level in comparison.levels if level.requests]
    points += [Fraction(change.requests) for duel in comparison.duels for change in duel.changes]
    horizon = Fraction(comparison.horizon)
    low = min([*points, horizon / 100]) / 2
    return low, min(max([*points, low * 10]) * 2, horizon)


def _lines(axes: Axes, comparison: Comparison, low: Fraction, high: Fraction) -> list[float]:
    """Draw one line per platform and return their heights at the right edge."""
    heights = []
    for index, curve in enumerate(comparison.curves):
        points = _points(curve, low, high if curve.end is None else min(high, curve.end))
        axes.plot(
            [float(x) for x, _ in points],
            [max(float(y), CHEAPEST_SHOWN / 10) for _, y in points],
            color=COLOURS[index % len(COLOURS)],
            linewidth=2,
        )
        heights.append(float(points[-1][1]))
    return heights


def _points(curve: SteppedCurve, low: Fraction, high: Fraction) -> list[tuple[Fraction, Fraction]]:
    """Return points along the curve, both ends of each jump included."""
    ratio = (float(high) / float(low)) ** (1 / SAMPLES)
    grid = {low, high} | {low * Fraction(ratio**step) for step in range(1, SAMPLES)}
    found = [(x, curve.at(x)) for x in grid if x <= high]
    for segment in curve.segments(high):
        if low < segment.start < high:
            found.append((segment.start, curve.at(segment.start)))
            found.append((segment.start, segment.value))
    return sorted(found, key=lambda point: point[0])


def _dress(
    axes: Axes, comparison: Comparison, low: Fraction, high: Fraction, heights: list[float]
) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axes.set(xscale="log", yscale="log", xlim=(float(low), float(high)))
    axes.set_ylim(CHEAPEST_SHOWN, max(heights) * 1.5)
    axes.grid(True, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: volume(Fraction(x))))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"${y:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(colors=INK, which="both", labelsize=9)
    for name, spine in axes.spines.items():
        spine.set_visible(name in ("left", "bottom"))
        spine.set_color(INK)
    axes.set_xlabel("requests a month", color=INK, fontsize=9)
    axes.set_title("Cost a month by traffic", color=INK, fontsize=12, loc="left", pad=24)
    axes.text(0, 1.03, _subtitle(comparison), transform=axes.transAxes, color=INK, fontsize=9)


def _subtitle(comparison: Comparison) -> str:
    work = comparison.workload
    return (
        f"{plain(work.wall_ms)} ms a request, {plain(work.cpu_ms)} ms of it CPU;"
        f" Lambda {plain(work.memory_mib)} MiB; prices of {comparison.book.date}"
    )


def _label(axes: Axes, comparison: Comparison, heights: list[float]) -> None:
    """Write each platform's name beside the end of its line, pushed apart if need be."""
    floor, top = (math.log10(limit) for limit in axes.get_ylim())
    gap, last = 0.05, -1.0
    order = sorted(range(len(heights)), key=lambda index: heights[index])
    for index in order:
        place = (math.log10(max(heights[index], CHEAPEST_SHOWN)) - floor) / (top - floor)
        last = max(place, last + gap)
        axes.text(
            1.02,
            last,
            comparison.platforms[index].name,
            transform=axes.transAxes,
            color=COLOURS[index % len(COLOURS)],
            fontsize=9,
            verticalalignment="center",
        )


def _mark(axes: Axes, comparison: Comparison, low: Fraction, high: Fraction) -> None:
    """Put a dot on every crossover, and its volume beside the first of each pair."""
    for duel in comparison.duels:
        for index, change in enumerate(duel.changes):
            if not low < change.requests < high or change.usd < CHEAPEST_SHOWN:
                continue
            spot = (float(change.requests), float(change.usd))
            axes.plot(*spot, marker="o", markersize=5, color=INK, markerfacecolor=CARD)
            if not index:
                axes.annotate(
                    volume(change.requests),
                    spot,
                    xytext=(-6, 6),
                    textcoords="offset points",
                    horizontalalignment="right",
                    color=INK,
                    fontsize=9,
                    bbox={"facecolor": CARD, "edgecolor": "none", "pad": 1, "alpha": 0.8},
                )
