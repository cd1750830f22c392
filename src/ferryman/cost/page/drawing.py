"""The parts of every chart. The style sheet sets colours and fonts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from ferryman.cost.number_format import volume
from ferryman.cost.page.markup import Markup, element, join
from ferryman.cost.page.tables import scrolling

__all__ = (
    "NARROW",
    "WIDTH",
    "Point",
    "colours",
    "dollars",
    "dot_and_name",
    "figure",
    "line",
    "name_room",
    "path",
    "picture",
    "requests",
    "text",
)

FAMILIES = ("Lambda", "Fargate", "EC2", "EKS", "GKE", "Managed Instances", "Lambda Web", "")
"""Prefixes of platform names; each has a colour of the style sheet, the last all other names."""

STROKES = ("", " again", " third")
"""Classes that distinguish lines of one colour: solid, dashed, dotted."""

WIDTH = 960.0
"""The width of a chart, in pixels of the widest page."""

NARROW = 380.0
"""The width of the charts for a narrow screen."""

_LETTER = 6.9
"""The mean width of a letter in the widest of the page's fonts."""

Point = tuple[float, float]


def colours(names: Iterable[str]) -> tuple[str, ...]:
    """Return the CSS class of each platform, which is the same in all charts and tables.

    A platform has the colour of its family. The second platform of a family is dashed, further
    ones are dotted.

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
    """Return the width of a margin for the longest name, with ``lead`` before it."""
    return min(max(map(len, names), default=0) * _LETTER + lead, WIDTH / 2)


def picture(
    height: float, label: str, *children: str, width: float = WIDTH, **attributes: object
) -> Markup:
    """Return an SVG that scales with the page; screen readers read its label."""
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
        chart: The chart; it scrolls if the window is too narrow.
        caption: Its caption.
        name: Its name for screen readers.
        more: Markup after the caption.
    """
    return element("figure", scrolling(chart, name), element("figcaption", caption), *more)


def line(start: Point, end: Point, class_: str) -> Markup:
    """Return a straight line."""
    return element("line", x1=start[0], y1=start[1], x2=end[0], y2=end[1], class_=class_)


def text(
    place: Point, content: str, class_: str | None = None, anchor: str | None = None
) -> Markup:
    """Return a line of text; without an anchor it starts at its place."""
    return element("text", content, x=place[0], y=place[1], class_=class_, text_anchor=anchor)


def dot_and_name(place: Point, class_: str, name: str, **attributes: object) -> Markup:
    """Return a dot with a name to its right.

    Args:
        place: The centre of the dot.
        class_: The class of the dot.
        name: The name.
        attributes: Further attributes of the name.
    """
    spot = {"x": place[0] + 9, "y": place[1] + 4}
    dot = element("circle", cx=place[0], cy=place[1], r=4.0, class_=class_)
    return join((dot, element("text", name, **spot, class_="name", **attributes)))


def path(points: Iterable[Point], class_: str, *, closed: bool = False) -> Markup:
    """Return straight lines from point to point; points too close to see are left out."""
    kept: list[str] = []
    for x, y in points:
        place = f"{x:.1f},{y:.1f}"
        if not kept or kept[-1] != place:
            kept.append(place)
    return element("path", d="M" + "L".join(kept) + ("Z" if closed else ""), class_=class_)


def requests(value: float) -> str:
    """Return a number of requests with three digits."""
    return volume(Decimal(value))


def dollars(value: float) -> str:
    """Return an amount for an axis: whole dollars, or cents if it is below one dollar."""
    if value >= 10_000:
        return f"${value / 1000:,.0f} k"
    return f"${value:,.0f}" if value >= 1 or not value else f"${value:,.2f}"
