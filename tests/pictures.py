"""Screenshots that stand in docs/images. Each is taken in every run, and held to its size.

It is written where there is none, or where PICTURES=write asks for it, as `make docs` does:
fonts differ from machine to machine, and a run of the tests leaves the repository as it was.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal

import pytest
from playwright.async_api import Page

__all__ = ("SIGHTS", "brightness", "keep_picture", "see")

SIGHTS = pytest.mark.parametrize(
    ("width", "scheme"),
    [(1440, "light"), (1440, "dark"), (390, "light"), (390, "dark"), (720, "print")],
)
"""The windows in which a page is looked at: a desk's, a telephone's, and paper."""

IMAGES = Path(__file__).parents[1] / "docs" / "images"
MOST_BYTES = 300_000


async def keep_picture(page: Page, name: str) -> None:
    """Take the picture of what the window shows."""
    taken = await page.screenshot(animations="disabled", caret="hide")
    assert len(taken) < MOST_BYTES, f"{name} has {len(taken):,} bytes"
    path = IMAGES / name
    if os.environ.get("PICTURES") == "write" or not path.exists():
        path.write_bytes(taken)


async def see(page: Page, width: int, scheme: Literal["light", "dark", "print"], name: str) -> None:
    """Take the picture of a whole page as a reader has it, to be looked at where a path is given.

    Args:
        page: The page.
        width: Of the window, in pixels.
        scheme: The light, or paper.
        name: What the picture is called; it is kept in the directory that SCREENSHOTS names.
    """
    paper = scheme == "print"
    await page.emulate_media(
        media="print" if paper else "screen", color_scheme="dark" if scheme == "dark" else "light"
    )
    await page.set_viewport_size({"width": width, "height": 1000})
    taken = await page.screenshot(full_page=True, animations="disabled")
    if kept := os.environ.get("SCREENSHOTS"):
        Path(kept, f"{name}-{width}-{scheme}.png").write_bytes(taken)


def brightness(colour: str) -> float:
    """Return how bright a colour of CSS is, from 0 to 1."""
    red, green, blue = (int(part) / 255 for part in re.findall(r"\d+", colour)[:3])
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
