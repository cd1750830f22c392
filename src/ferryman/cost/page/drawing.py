"""The parts that every chart is drawn with. Colours and type are the style sheet's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from ferryman.cost.number_format import volume
from ferryman.cost.page.markup import Markup, element

__all__ = (
    "NARROW",
    "WIDTH",
    "Point",
    "colours",
    "dollars",
    "figure",
    "line",
    "name_room",
    "path",
    "picture",
    "requests",
    "text",
)

FAMILIES = ("Lambda", "Fargate", "EC2", "EKS", "GKE", "Managed Instances", "Lambda Web", "")
"""How the names of platforms begin, a colour of the style sheet each; the last has the others."""

STROKES = ("", " again", " third")
"""How the lines of one colour are told apart: whole, dashed, dotted."""

WIDTH = 960.0
"""Of every chart, in units of the picture: a pixel where the page is at its widest."""

NARROW = 380.0
"""Of the charts that a telephone shows in place of the wide ones."""

_LETTER = 6.9
"""How wide a letter of a name is at most, on the mean, in the fonts that the page may get."""

Point = tuple[float, float]


def colours(names: Iterable[str]) -> tuple[str, ...]:
    """Return the class of what belongs to each platform: the same in every picture and answer.

    A platform has the colour of its family. A second one of a family is dashed, further ones
    are dotted.

    Args:
        names: The platforms of a comparison, by name.
    """
    found: list[str] = []
    used: Counter[int] = Counter()
    for name in names:
        fitting = [place for place, family in enumerate(FAMILIES) if name.startswith(family)]
        place = max(fitting, key=lambda x: len(FAMILIES[x]))
        found.append(f"s{place}{STROKES[min(used[place], len(STROKES) - 1)]}")
        used[place] += 1
    return tuple(found)


def name_room(names: Iterable[str], lead: float = 10) -> float:
    """Return how wide the margin must be for the longest name, with so much before it."""
    return min(max(map(len, names), default=0) * _LETTER + lead, WIDTH / 2)


def picture(
    height: float, label: str, *children: str, width: float = WIDTH, **attributes: object
) -> Markup:
    """Return an SVG that scales with the page, and that a screen reader calls by its label."""
    return element(
        "svg",
        *children,
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_label=label,
        **attributes,
    )


def figure(chart: Markup, caption: str | Markup, name: str, *more: Markup) -> Markup:
    """Return a chart with its caption, and what follows it, such as its table.

    Args:
        chart: The chart; where the window is narrower than it can be read, it scrolls.
        caption: What the reader sees in it.
        name: What the part that scrolls is called.
        more: Markup after the caption.
    """
    scroll = element("div", chart, class_="scroll", tabindex=0, role="region", aria_label=name)
    return element("figure", scroll, element("figcaption", caption), *more)


def line(start: Point, end: Point, class_: str) -> Markup:
    """Return a straight line."""
    return element("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], class_=class_)


def text(
    place: Point, content: str, class_: str | None = None, anchor: str | None = None
) -> Markup:
    """Return a line of text, by default one that starts at its place."""
    return element("text", content, x=place[0], y=place[1], class_=class_, text_anchor=anchor)


def path(points: Iterable[Point], class_: str, *, closed: bool = False) -> Markup:
    """Return straight lines from point to point, those left out that would not be seen."""
    kept: list[str] = []
    for x, y in points:
        place = f"{x:.1f},{y:.1f}"
        if not kept or kept[-1] != place:
            kept.append(place)
    return element("path", d="M" + "L".join(kept) + ("Z" if closed else ""), class_=class_)


def requests(value: float) -> str:
    """Return a number of requests to three digits."""
    return volume(Decimal(value))


def dollars(value: float) -> str:
    """Return an amount as an axis has it: whole dollars, or cents below ten."""
    if value >= 10_000:
        return f"${value / 1000:,.0f} k"
    return f"${value:,.0f}" if value >= 1 or not value else f"${value:,.2f}"
