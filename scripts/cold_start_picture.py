"""Draws where the bundle's bytes and the cold start's milliseconds go, as an SVG.

It reads what `ferryman build -t lambda --explain --json` printed, and the figures that
`python -m benchmarks.build --json FILE` wrote, and writes the picture of
docs/explanation/cold-start.md.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path

PICTURE = Path(__file__).parent.parent / "docs" / "images" / "cold-start.svg"

WIDTH, LABEL, ROW, LEFT_OUT = 760, 190, 22, 40
OURS, OTHERS = "#1f6f8b", "#b8c4cc"


def bars(title: str, values: Mapping[str, float], unit: str, top: int) -> Iterator[str]:
    """Yield a title and a bar for each value, from a height downwards."""
    scale = (WIDTH - LABEL - 110) / max(values.values())
    yield f'<text x="0" y="{top + 14}" font-weight="bold">{escape(title)}</text>'
    for number, (name, value) in enumerate(values.items()):
        y = top + 24 + number * ROW
        colour = OURS if name == "ferryman" or unit == "KiB" else OTHERS
        yield f'<text x="{LABEL - 8}" y="{y + 14}" text-anchor="end">{escape(name)}</text>'
        yield (
            f'<rect x="{LABEL}" y="{y}" width="{value * scale:.1f}" height="{ROW - 6}" '
            f'fill="{colour}"/>'
        )
        yield f'<text x="{LABEL + value * scale + 6:.1f}" y="{y + 14}">{value:.0f} {unit}</text>'


def picture(
    report: Mapping[str, list[dict[str, float]]],
    starts: Mapping[str, float],
    parts: Mapping[str, float],
) -> str:
    """Return the picture of a report, of cold starts, and of the parts of ours."""
    packages = {str(row["name"]): row["packed"] / 1024 for row in report["packages"]}
    large = {name: size for name, size in packages.items() if size >= LEFT_OUT}
    large["all others"] = sum(packages.values()) - sum(large.values())
    second = 24 + len(large) * ROW + 24
    third = second + 24 + len(starts) * ROW + 24
    height = third + 24 + (len(parts) + 1) * ROW + 8
    rest = starts["ferryman"] - sum(parts.values())
    spent = {**parts, "Python, emulator, answer": max(0.0, rest)}
    body = [
        *bars("The zip of the hello app, by package, compressed", large, "KiB", 0),
        *bars("Cold start, request to first answer, median", starts, "ms", second),
        *bars("Where ferryman's goes: the imports of each part, and the rest", spent, "ms", third),
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="sans-serif" font-size="12">\n'
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>\n' + "\n".join(body) + "\n</svg>\n"
    )


def main() -> None:
    """Draw the picture of two files: the report, and the figures."""
    if len(sys.argv) != 3:
        raise SystemExit("usage: cold_start_picture.py REPORT.json FIGURES.json")
    report, figures = (json.loads(Path(name).read_text("utf-8")) for name in sys.argv[1:])
    PICTURE.write_text(picture(report, figures["starts"], figures["parts"]), encoding="utf-8")


if __name__ == "__main__":
    main()
