"""The report as a reader meets it: opened from a file, in a real browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from playwright.async_api import Page
from tests.accessibility import barriers
from tests.browser import BrowserPage, open_browser
from tests.pictures import SIGHTS, brightness, keep_picture, see

from ferryman.cost import Choices, Workload, compare, load_book
from ferryman.cost.page.document import document, portfolio_document
from ferryman.cost.portfolio import App, find_portfolio
from ferryman.cost.study import make_study, with_growth, with_memory_advice
from ferryman.cost.traffic.shape import preset

TODAY = date(2026, 11, 30)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shape = preset("consumer")
    workload = Workload.of(shape, requests=40_000_000, wall_ms=80, cpu_ms=8, growth=0.1)
    path = tmp_path_factory.mktemp("report") / "report.html"
    study = with_memory_advice(make_study(compare(workload), origins={"wall_ms": "given"}))
    grown = with_growth(study, 36, None, TODAY)
    path.write_text(document(grown, "postcards", TODAY))
    return path


@pytest.fixture(scope="module")
def portfolio(tmp_path_factory: pytest.TempPathFactory) -> Path:
    traffic = {"shop": 40e6, "search": 26e6, "mail": 3e5, "an application with a long name": 2e6}
    apps = [
        App(name, Workload.of(requests=requests, wall_ms=120, cpu_ms=8), origins={"wall_ms": "x"})
        for name, requests in traffic.items()
    ]
    apps.append(App("reports", Workload.of(requests=5e6, wall_ms=90, cpu_ms=9), doubts=("hasty",)))
    path = tmp_path_factory.mktemp("portfolio") / "portfolio.html"
    path.write_text(
        portfolio_document(find_portfolio(apps, Choices(), load_book()), "shops", TODAY)
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
    await page.locator("svg.curves.wide").hover()
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
    await page.locator("svg.curves.wide").hover(position={"x": 300, "y": 150})
    reading = await page.locator(".reading").inner_text()
    assert "requests a month" in reading
    assert reading.count("$") == 4
    await page.mouse.move(5, 5)
    assert await page.locator(".reading").count() == 0


async def test_the_project_the_day_and_four_figures_stand_at_the_top(page: Page) -> None:
    assert await page.locator(".about").inner_text() == "postcards \u00b7 30 November 2026"
    tiles = page.locator(".tiles > div")
    names = [await tile.locator("dt").inner_text() for tile in await tiles.all()]
    assert names == ["Now", "Next", "Crossover", "At your growth"]
    figures = await tiles.locator(".figure").all_inner_texts()
    assert figures[0] == "38.88 USD"
    assert re.fullmatch(r"[\d.]+ M", figures[2])
    assert re.fullmatch(r"\w+ 20\d\d", figures[3])
    answer = await page.locator("h1 + p").inner_text()
    assert f"above {figures[2]}" in answer.replace("\u00a0", " ")
    box = await tiles.last.bounding_box()
    assert box
    assert box["y"] + box["height"] < 500  # seen without scrolling


@pytest.mark.parametrize(("width", "shown"), [(1440, "wide"), (390, "narrow"), (320, "narrow")])
async def test_each_window_has_charts_that_fit_it(page: Page, width: int, shown: str) -> None:
    await page.set_viewport_size({"width": width, "height": 844})
    for section in ("traffic", "growth"):
        charts = page.locator(f"section[aria-labelledby={section}] figure svg:visible")
        assert await charts.count() == 1
        assert shown in (await charts.get_attribute("class") or "")
        box = await charts.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


async def test_a_platform_has_one_colour_in_every_part(page: Page) -> None:
    seen: dict[str, set[str]] = {}
    parts = await page.evaluate(
        """[
          ...[...document.querySelectorAll("svg.curves [data-series]")].map((name) =>
            [name.textContent, getComputedStyle(name.previousElementSibling).stroke]),
          ...[...document.querySelectorAll("table.levels tbody th")].map((name) =>
            [name.textContent, getComputedStyle(name.querySelector(".key")).borderTopColor]),
        ]"""
    )
    assert len(parts) == 3 * 4
    for name, colour in parts:
        seen.setdefault(name, set()).add(colour)
    assert len(seen) == 4
    assert all(len(colours) == 1 for colours in seen.values()), seen


@pytest.mark.parametrize("requests", [1, 500, 10**9, 10**10])
async def test_the_readers_own_point_is_inside_the_axes(
    browser: BrowserPage, tmp_path: Path, requests: int
) -> None:
    path = tmp_path / "own.html"
    workload = Workload.of(requests=requests, wall_ms=80, cpu_ms=8)
    path.write_text(document(make_study(compare(workload), draws=0)))
    await browser.page.goto(path.as_uri())
    inside = await browser.page.evaluate(
        """[...document.querySelectorAll("svg.curves")].map((svg) => {
          const [left, right] = svg.dataset.x.split(" ").map(Number);
          const [foot, top] = svg.dataset.y.split(" ").map(Number);
          const { cx, cy } = svg.querySelector(".mine");
          const [x, y] = [cx.baseVal.value, cy.baseVal.value];
          return left <= x && x <= right && top <= y && y <= foot;
        })"""
    )
    assert inside == [True, True]


@SIGHTS
async def test_it_is_seen_at_each_width_in_each_light_and_on_paper(
    page: Page, width: int, scheme: Literal["light", "dark", "print"]
) -> None:
    await see(page, width, scheme, "report")
    assert await overflow(page) <= 0
    colours = await page.evaluate(
        """["", ".about b", ".tiles .figure"].map((part) =>
          getComputedStyle(part ? document.querySelector(part) : document.body)[
            part ? "color" : "backgroundColor"])"""
    )
    paper, *inks = [brightness(colour) for colour in colours]
    assert all(abs(paper - ink) > 0.6 for ink in inks), colours
    assert (paper < 0.5) == (scheme == "dark")


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


@pytest.mark.parametrize("width", [1080, 390])
async def test_no_text_of_a_chart_is_cut_off(page: Page, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 844})
    assert await cut_off(page) == []


async def cut_off(page: Page) -> list[str]:
    """Return the texts of charts that reach beyond the picture."""
    beyond: list[str] = await page.evaluate(
        """[...document.querySelectorAll("figure svg")].flatMap((svg) => {
          const edge = svg.getBoundingClientRect();
          return [...svg.querySelectorAll("text")].filter((text) => {
            const box = text.getBoundingClientRect();
            return box.left < edge.left || box.right > edge.right || box.bottom > edge.bottom;
          }).map((text) => text.textContent);
        })"""
    )
    return beyond


async def clashing(page: Page, texts: str) -> list[str]:
    """Return those of the texts of a chart that lie on another one."""
    found: list[str] = await page.evaluate(
        """(texts) => [...document.querySelectorAll(texts)]
          .map((text) => [text.textContent, text.getBoundingClientRect()])
          .filter(([name, a], place, all) => all.some(([, b], other) => other > place
            && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom))
          .map(([name]) => name)""",
        texts,
    )
    return found


async def test_the_unit_of_the_axis_stands_clear_of_its_last_number(
    browser: BrowserPage, tmp_path: Path
) -> None:
    """Where the picture ends at the horizon, the last number is at its edge."""
    path = tmp_path / "far.html"
    workload = Workload.of(requests=10**10, wall_ms=80, cpu_ms=8)
    path.write_text(document(with_memory_advice(make_study(compare(workload), draws=0))))
    await browser.page.goto(path.as_uri())
    assert await clashing(browser.page, "svg.curves text.tick") == []


@SIGHTS
async def test_the_page_of_several_applications_is_seen_in_each_light_and_on_paper(
    browser: BrowserPage, portfolio: Path, width: int, scheme: Literal["light", "dark", "print"]
) -> None:
    page = browser.page
    await page.goto(portfolio.as_uri())
    await see(page, width, scheme, "portfolio")
    assert await overflow(page) <= 0
    about = await page.locator(".about").first.inner_text()
    assert about == "shops \u00b7 30 November 2026 \u00b7 assumed durations of reports"
    assert await page.locator(".doubt").inner_text() == "Doubtful: reports: hasty"
    assert (await page.locator("h1").inner_text()).startswith(
        "Doubtful (reports measured with --force): Move "
    )
    assert await page.locator(".tiles dt").all_inner_texts() == [
        *("Cheapest now", "All on functions", "All on shared servers", "Move first")
    ]
    chart = page.locator("figure svg:visible")
    assert await chart.count() == 1
    kind = "narrow" if width < 600 else "wide"
    assert kind in (await chart.get_attribute("class") or "")
    assert await cut_off(page) == []
    assert await clashing(page, f"figure svg.{kind} text") == []


async def test_the_page_of_several_applications_fits_a_small_telephone_and_axe_finds_nothing(
    browser: BrowserPage, portfolio: Path
) -> None:
    page = browser.page
    await page.emulate_media(media="screen", color_scheme="dark")
    await page.set_viewport_size({"width": 320, "height": 700})
    await page.goto(portfolio.as_uri())
    for summary in await page.locator("summary").all():
        await summary.click()
    assert await overflow(page) <= 0
    assert await barriers(page) == []


async def test_its_picture_stands_in_the_documentation(page: Page) -> None:
    await keep_picture(page, "report.png")
