"""Draws how the judge's evidence grows with the answers, as an SVG.

    python -m scripts.judging_picture

It writes the picture of docs/explanation/judging.md from the simulation of
`benchmarks/judge.py`: the same seed, the same lines.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from pathlib import Path

import numpy
from benchmarks.judge import ANSWERS_A_LOOK, Scenario, looks

from ferryman.core.judge import FAILURES

PICTURE = Path(__file__).parent.parent / "docs" / "images" / "judging.svg"

WIDTH, HEIGHT, LEFT, RIGHT, TOP, FOOT = 760, 360, 60, 190, 16, 310
ANSWERS, LOW, HIGH = 2400, -3.0, 4.0
HEALTHY, ILL = "#7d8b94", "#b3421f"
STEP = (0.25,)
SHOWN = (
    (Scenario("healthy, both at 1%", 0.01, 0.01, steps=STEP), HEALTHY, 12, -8),
    (Scenario("healthy, outages on both", 0.01, 0.01, outages=True, steps=STEP), HEALTHY, 3, 14),
    (Scenario("1% becomes 5%", 0.01, 0.05, steps=STEP), ILL, 3, -6),
    (Scenario("0.1% becomes 5%", 0.001, 0.05, steps=STEP), ILL, 2, -6),
)
"""Each with its colour, its seed, and how far its name stands below its end."""


def walk(scenario: Scenario, seed: int) -> list[tuple[int, float]]:
    """Return the answers of both sides and the evidence, as a power of ten, look by look."""
    points, threshold = [(0, 0.0)], -math.log10(scenario.stream.alpha)
    for *_, evidence in looks(scenario, numpy.random.default_rng(seed)):
        points.append((points[-1][0] + ANSWERS_A_LOOK, evidence.log / math.log(10)))
        if points[-1][1] >= threshold or points[-1][0] >= ANSWERS:
            break
    return points


def across(answers: float) -> float:
    """Return where a number of answers stands."""
    return LEFT + (WIDTH - LEFT - RIGHT) * answers / ANSWERS


def down(power: float) -> float:
    """Return where evidence of that power of ten stands."""
    return TOP + (FOOT - TOP) * (HIGH - min(max(power, LOW), HIGH)) / (HIGH - LOW)


def frame() -> Iterator[str]:
    """Yield the axes and the threshold."""
    right = WIDTH - RIGHT
    for power in range(int(LOW), int(HIGH) + 1):
        y = down(power)
        name = f"{10**power:,}" if power >= 0 else f"1/{10**-power:,}"
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#e4e8ea"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{name}</text>'
    for answers in range(0, ANSWERS + 1, 600):
        x = across(answers)
        yield f'<text x="{x:.1f}" y="{FOOT + 18}" text-anchor="middle">{answers:,}</text>'
    yield f'<text x="{LEFT}" y="{FOOT + 38}">answers of both sides, 25% of them by the new</text>'
    y = down(-math.log10(FAILURES.alpha))
    yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#222"/>'
    yield f'<text x="{right + 8}" y="{y + 4:.1f}">goes back at {1 / FAILURES.alpha:.0f}</text>'


def series() -> Iterator[str]:
    """Yield a line for each migration that is shown, with its name at its end."""
    for scenario, colour, seed, below in SHOWN:
        points = walk(scenario, seed)
        places = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in points)
        yield f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
        x, y = points[-1]
        beside = WIDTH - RIGHT + 8 if x >= ANSWERS else across(x) + 6
        yield f'<circle cx="{across(x):.1f}" cy="{down(y):.1f}" r="3" fill="{colour}"/>'
        yield (
            f'<text x="{beside:.1f}" y="{down(y) + below:.1f}" fill="{colour}">'
            f"{escape(scenario.name)}</text>"
        )


def main() -> None:
    """Draw the picture."""
    body = "\n".join((*frame(), *series()))
    PICTURE.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12" role="img" aria-label="Evidence against the '
        'new side, by answers: two healthy migrations stay low, two ill ones reach 200">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n{body}\n</svg>\n',
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
