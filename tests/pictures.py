"""Screenshots that stand in docs/images. Each is taken in every run, and held to its size.

It is written where there is none, or where PICTURES=write asks for it, as `make docs` does:
fonts differ from machine to machine, and a run of the tests leaves the repository as it was.
"""

from __future__ import annotations

import os
from pathlib import Path

from playwright.async_api import Page

__all__ = ("keep_picture",)

IMAGES = Path(__file__).parents[1] / "docs" / "images"
MOST_BYTES = 300_000


async def keep_picture(page: Page, name: str) -> None:
    """Take the picture of what the window shows."""
    taken = await page.screenshot(animations="disabled", caret="hide")
    assert len(taken) < MOST_BYTES, f"{name} has {len(taken):,} bytes"
    path = IMAGES / name
    if os.environ.get("PICTURES") == "write" or not path.exists():
        path.write_bytes(taken)
