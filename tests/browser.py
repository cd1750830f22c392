"""A real browser for tests: the system's Chromium, driven by Playwright.

What the browser complains of is collected, so that a test can assert that it had no reason.
"""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.async_api import ConsoleMessage, Page, Request

__all__ = ("BrowserPage", "browser_page", "open_browser")

# No sandbox, as tests may run as root; and no request but the page's own.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@dataclass(frozen=True, slots=True)
class BrowserPage:
    """An open page, and what the browser held against it.

    Attributes:
        page: Playwright's page: `goto`, `locator`, `evaluate`, `screenshot`.
        errors: Errors of the console, exceptions that no script caught, requests that failed.
    """

    page: Page
    errors: list[str] = field(default_factory=list)


def _collect(opened: BrowserPage) -> None:
    """Keep what goes wrong from now on."""

    def hear(message: ConsoleMessage) -> None:
        place = message.location.get("url", "")
        # The icon is the browser's own wish, of pages that name none.
        if message.type == "error" and not place.endswith("/favicon.ico"):
            opened.errors.append(f"console: {message.text} ({place})")

    def miss(request: Request) -> None:
        opened.errors.append(f"request: {request.method} {request.url}: {request.failure}")

    opened.page.on("console", hear)
    opened.page.on("requestfailed", miss)
    opened.page.on("pageerror", lambda error: opened.errors.append(f"exception: {error}"))


@asynccontextmanager
async def open_browser() -> AsyncIterator[BrowserPage]:
    """Give an empty page of a new browser, which ends with the block and leaves no file."""
    # Every test process reads this module; half a second is for those that open a browser.
    from playwright.async_api import async_playwright

    chromium = shutil.which("chromium")
    assert chromium, "there is no chromium: run `make test`, which installs it"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=list(_FLAGS))
        try:
            opened = BrowserPage(await browser.new_page())
            _collect(opened)
            yield opened
        finally:
            await browser.close()


@pytest.fixture
async def browser_page() -> AsyncIterator[BrowserPage]:
    """Return an empty page of a new browser."""
    async with open_browser() as opened:
        yield opened
