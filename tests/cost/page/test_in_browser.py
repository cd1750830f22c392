"""The report as a reader meets it: opened from a file, in a real browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Page
from tests.accessibility import barriers
from tests.browser import BrowserPage, open_browser
from tests.pictures import keep_picture

from ferryman.cost import Workload, compare
from ferryman.cost.page.document import document
from ferryman.cost.study import make_study, with_memory_advice
from ferryman.cost.traffic.shape import preset

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shape = preset("consumer")
    workload = Workload.of(shape, requests=40_000_000, wall_ms=80, cpu_ms=8)
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(
        document(with_memory_advice(make_study(compare(workload), origins={"wall_ms": "given"})))
    )
    return path


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[BrowserPage]:
    async with open_browser() as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: BrowserPage, report: Path) -> Page:
    await browser.page.emulate_media(media="screen", color_scheme="light")
    await browser.page.set_viewport_size({"width": 1080, "height": 1160})
    await browser.page.goto(report.as_uri())
    return browser.page


async def test_it_fetches_nothing_and_the_browser_has_no_complaint(
    browser: BrowserPage, page: Page
) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.reload(wait_until="load")
    await page.locator("svg.curves").hover()
    assert asked == [page.url]
    assert browser.errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_serious(page: Page, scheme: Literal["light", "dark"]) -> None:
    await page.emulate_media(color_scheme=scheme)
    for summary in await page.locator("summary").all():
        await summary.click()
    assert await barriers(page) == []


async def test_light_and_dark_differ(page: Page) -> None:
    seen = set()
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)
        colour = "getComputedStyle(document.body).backgroundColor"
        seen.add(await page.evaluate(colour))
    assert len(seen) == 2


async def test_a_chart_reads_out_the_bills_under_the_pointer(page: Page) -> None:
    await page.locator("svg.curves").hover(position={"x": 300, "y": 150})
    reading = await page.locator(".reading").inner_text()
    assert "requests a month" in reading
    assert reading.count("$") == 4
    await page.mouse.move(5, 5)
    assert await page.locator(".reading").count() == 0


async def test_on_paper_everything_is_unfolded_and_fits(page: Page) -> None:
    table = page.locator("details table").first
    assert not await table.is_visible()
    await page.emulate_media(media="print", color_scheme="dark")
    await page.set_viewport_size({"width": 720, "height": 1000})
    assert await table.is_visible()
    paper = await page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert paper == "rgb(255, 255, 255)"
    assert await overflow(page) <= 0


@pytest.mark.parametrize("width", [360, 720, 1080])
async def test_no_window_is_too_narrow(page: Page, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    assert await overflow(page) <= 0


async def overflow(page: Page) -> int:
    """Return by how many pixels the page is wider than its window."""
    wide: int = await page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    return wide


async def test_no_text_of_a_chart_is_cut_off(page: Page) -> None:
    beyond = await page.evaluate(
        """[...document.querySelectorAll("figure svg")].flatMap((svg) => {
          const edge = svg.getBoundingClientRect();
          return [...svg.querySelectorAll("text")].filter((text) => {
            const box = text.getBoundingClientRect();
            return box.left < edge.left || box.right > edge.right || box.bottom > edge.bottom;
          }).map((text) => text.textContent);
        })"""
    )
    assert beyond == []


async def test_the_unit_of_the_axis_stands_clear_of_its_last_number(
    browser: BrowserPage, tmp_path: Path
) -> None:
    """Where the picture ends at the horizon, the last number is at its edge."""
    path = tmp_path / "far.html"
    workload = Workload.of(requests=10**10, wall_ms=80, cpu_ms=8)
    path.write_text(document(with_memory_advice(make_study(compare(workload), draws=0))))
    await browser.page.goto(path.as_uri())
    clash = await browser.page.evaluate(
        """[...document.querySelectorAll("svg.curves text.tick")]
          .map((text) => [text.textContent, text.getBoundingClientRect()])
          .filter(([name, a], place, all) => all.some(([, b], other) => other > place
            && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom))
          .map(([name]) => name)"""
    )
    assert clash == []


async def test_its_picture_stands_in_the_documentation(page: Page) -> None:
    await keep_picture(page, "report.png")
