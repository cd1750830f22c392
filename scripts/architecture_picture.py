"""Draws the rooms of ferryman from the import contracts in pyproject.toml, as an SVG.

`make docs` writes it. The rows are the layers of the first contract, so that the picture shows
what `make lint` enforces; what the contract on shipping names is drawn dark. Only the few words
on each room are written here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PICTURE = ROOT / "docs" / "images" / "architecture.svg"

PURPOSES: Mapping[str, str] = {
    "aws": "talks to AWS: sessions, refusals, change sets, images",
    "building": "makes the parts of artifacts: dependencies, bytecode, images",
    "cache": "one contract for Redis, DynamoDB and memory",
    "calculator": "the cost model as a page, itself an aiohttp app",
    "cli": "one module for each verb: parse, call, render",
    "core": "loads, starts and stops the app; logs, health, events",
    "cost": "what a workload costs, and where that changes",
    "local.reload": "`ferryman dev`",
    "local": "runs the app on this machine as each target does",
    "measure": "finds what a request costs, by running the app",
    "migrate": "carries traffic from one target to another",
    "portability": "finds what does not move with the app",
    "project": "resolves settings and finds the app",
    "pytest_plugin": "a project's tests on every target",
    "records": "values that rooms hand to each other and to files",
    "scaffold": "a new project",
    "targets": "the ways to run the app, which do not know each other",
    "targets.k8s": "Kubernetes manifests, rules, releases",
    "targets.lambda_": "AWS Lambda",
    "targets.server": "gunicorn servers",
}
"""What each room is for, in words that fit into its box."""

_WIDTH, _MARGIN, _GAP, _BOX, _ROW = 860, 20, 10, 54, 70
_LIGHT, _DARK, _FRAME = "#eef3f5", "#1f6f8b", "#8aa4ae"


def contracts() -> list[dict[str, Any]]:
    """Return the import contracts, in their order."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    found: list[dict[str, Any]] = tomllib.loads(text)["tool"]["importlinter"]["contracts"]
    return found


def layers(found: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Return the rooms of each layer, from the top, by their names inside ferryman."""
    (contract,) = (one for one in found if one["type"] == "layers")
    return [
        [name.strip().removeprefix("ferryman.") for name in layer.split("|")]
        for layer in contract["layers"]
    ]


def shipping(found: Sequence[Mapping[str, Any]]) -> set[str]:
    """Return the rooms that ship."""
    (contract,) = (one for one in found if one["name"].startswith("What ships"))
    return {str(name).removeprefix("ferryman.") for name in contract["source_modules"]}


def siblings(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the targets, which may not import each other."""
    (contract,) = (one for one in found if one["type"] == "independence")
    return [str(name).removeprefix("ferryman.") for name in contract["modules"]]


def picture() -> str:
    """Return the picture as SVG."""
    found = contracts()
    ships, targets = shipping(found), siblings(found)
    parts: list[str] = []
    top = _MARGIN
    for rooms in layers(found):
        if rooms == ["targets"]:
            parts += _targets(targets, ships, top)
            top += _ROW + 54
            continue
        for room, left, width in _columns(rooms):
            parts += _box(room, PURPOSES[room], left, top, width, room in ships)
        top += _ROW
    return "\n".join([*_head(top), *parts, *_legend(top), "</svg>"]) + "\n"


def _columns(rooms: Sequence[str], left: int = 60) -> Iterator[tuple[str, int, int]]:
    """Yield each room of a row with the left edge and the width of its box."""
    width = (_WIDTH - _MARGIN - left - _GAP * (len(rooms) - 1)) // len(rooms)
    for number, room in enumerate(rooms):
        yield room, left + number * (width + _GAP), width


def _targets(rooms: Sequence[str], ships: set[str], top: int) -> Iterator[str]:
    yield (
        f'<rect x="60" y="{top}" width="{_WIDTH - _MARGIN - 60}" height="{_BOX + 54}" rx="6" '
        f'fill="none" stroke="{_FRAME}"/>'
    )
    yield f'<text x="72" y="{top + 20}"><tspan class="name">targets</tspan>'
    yield f'<tspan dx="10">{escape(PURPOSES["targets"])}</tspan></text>'
    for room, left, width in _columns(rooms, 72):
        shown = width - 12 if room == rooms[-1] else width
        yield from _box(room, PURPOSES[room], left, top + 32, shown, False, _BOX + 10)
        if f"{room}.runtime" in ships:
            yield from _runtime(left + shown - 92, top + 58)


def _runtime(left: int, top: int) -> Iterator[str]:
    yield f'<rect x="{left}" y="{top}" width="82" height="28" rx="4" fill="{_DARK}"/>'
    yield f'<text x="{left + 41}" y="{top + 19}" text-anchor="middle" class="dark">runtime</text>'


def _box(
    room: str, purpose: str, left: int, top: int, width: int, dark: bool, height: int = _BOX
) -> Iterator[str]:
    fill, kind = (_DARK, "dark") if dark else (_LIGHT, "light")
    yield (
        f'<rect x="{left}" y="{top}" width="{width}" height="{height}" rx="6" fill="{fill}" '
        f'stroke="{_FRAME}"/>'
    )
    yield f'<text x="{left + 12}" y="{top + 21}" class="name {kind}">{escape(room)}</text>'
    for number, line in enumerate(_wrapped(purpose, (width - 20) // 6)):
        yield f'<text x="{left + 12}" y="{top + 37 + number * 13}" class="{kind}">{line}</text>'


def _wrapped(text: str, length: int) -> Iterator[str]:
    """Yield the lines of a text that are no longer than so many letters."""
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > length:
            yield escape(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    yield escape(line)


def _head(height: int) -> Iterator[str]:
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height + 34}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="11.5">'
    )
    yield "<title>The rooms of ferryman: each may import those below it</title>"
    yield (
        "<style>.name{font-weight:bold;font-size:13.5px}.dark{fill:#fff}.light{fill:#1b2a30}"
        "text{fill:#1b2a30}text.dark{fill:#fff}</style>"
    )
    yield f'<rect width="{_WIDTH}" height="{height + 34}" fill="#fff"/>'


def _legend(height: int) -> Iterator[str]:
    bottom = height - _ROW + _BOX
    yield f'<path d="M34 {_MARGIN + 6} V{bottom - 10}" stroke="{_FRAME}" stroke-width="2"/>'
    yield f'<path d="M28 {bottom - 14} h12 l-6 12 z" fill="{_FRAME}"/>'
    middle = (_MARGIN + bottom) // 2
    yield (
        f'<text transform="translate(24 {middle}) rotate(-90)" text-anchor="middle">'
        "may import</text>"
    )
    yield f'<rect x="60" y="{height + 4}" width="16" height="16" rx="3" fill="{_DARK}"/>'
    yield f'<text x="84" y="{height + 16}">ships with the app; the rest never does</text>'


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
