"""The calculator in a real browser: sliders move the curves, addresses restore them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestServer
from playwright.async_api import Page, expect
from tests.accessibility import barriers
from tests.browser import BrowserPage, open_browser
from tests.pictures import SIGHTS, keep_picture, see

from ferryman.calculator.app import create_app

pytestmark = pytest.mark.asyncio(loop_scope="module")

FOLLOWS = """async () => {
  const asked = () => new URLSearchParams(new FormData(document.querySelector("#controls")));
  const began = performance.now();
  while (document.body.dataset.shown !== asked().toString()) {
    if (performance.now() - began > 30000) throw new Error("the page does not follow its controls");
    await new Promise((later) => setTimeout(later, 1));
  }
}"""
"""Waits until the page shows what it is asked for. An evaluation has no time-out of its own."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def address() -> AsyncIterator[str]:
    async with TestServer(create_app(local=True)) as server:
        yield str(server.make_url("/"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[BrowserPage]:
    async with open_browser() as one:
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: BrowserPage, address: str) -> AsyncIterator[Page]:
    """Open the calculator, and hold what the browser complained of against the test."""
    browser.errors.clear()
    await browser.page.set_viewport_size({"width": 1280, "height": 1000})
    await browser.page.emulate_media(media="screen", color_scheme="light")
    await browser.page.goto(address)
    yield browser.page
    await expect(browser.page.locator("body.waiting")).to_have_count(0)
    assert browser.errors == []


async def curves(page: Page) -> list[str | None]:
    lines = page.locator("svg.curves.wide path.series")
    return [await line.get_attribute("d") for line in await lines.all()]


async def set_slider(page: Page, name: str, share: float) -> None:
    """Drag a slider to a share of its length, as a hand does."""
    track = page.locator(f"input[type=range][data-for={name}]")
    last = int(await track.get_attribute("max") or 0)
    await track.fill(str(round(share * last)))
    await page.evaluate(FOLLOWS)


@pytest.mark.parametrize("name", ["requests", "cpu", "wait", "memory"])
async def test_a_slider_moves_what_it_is_for(page: Page, name: str) -> None:
    before, number = await curves(page), await page.input_value(f"#{name}")
    heading = await page.locator("h1").inner_text()
    await set_slider(page, name, 0.9)
    assert await page.input_value(f"#{name}") != number
    if name == "requests":
        assert await page.locator("h1").inner_text() != heading
    else:
        assert await curves(page) != before


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("door", "http-api"),
        ("region", "ap-northeast-1"),
        ("purchase", "savings-1y"),
        ("architecture", "x86_64"),
    ],
)
async def test_a_choice_moves_the_curves(page: Page, name: str, value: str) -> None:
    before = await curves(page)
    await page.select_option(f"#{name}", value)
    await page.evaluate(FOLLOWS)
    assert await curves(page) != before


async def test_a_platform_comes_and_goes(page: Page) -> None:
    assert len(await curves(page)) == 3
    await page.get_by_role("checkbox", name="EKS").check()
    await page.evaluate(FOLLOWS)
    assert await page.locator("svg.curves.wide path.series").count() == 4
    for name in ("Fargate", "EC2", "EKS"):
        await page.get_by_label(name, exact=True).uncheck()
    await page.evaluate(FOLLOWS)
    assert await page.locator("svg.curves.wide path.series").count() == 1


async def test_the_keyboard_moves_a_slider(page: Page) -> None:
    track = page.locator("input[type=range][data-for=requests]")
    await track.focus()
    for _ in range(40):
        await page.keyboard.press("ArrowRight")
    await page.evaluate(FOLLOWS)
    assert await page.input_value("#requests") != "20M"
    said = await track.get_attribute("aria-valuetext")
    assert said == f"{await page.input_value('#requests')} requests a month"


async def test_the_address_restores_what_was_seen(page: Page, address: str) -> None:
    await set_slider(page, "cpu", 0.7)
    await page.select_option("#door", "http-api")
    await page.get_by_role("checkbox", name="GKE").check()
    await page.evaluate(FOLLOWS)
    await expect(page.locator("body.waiting")).to_have_count(0)
    shared, seen = page.url, await page.locator("#first").inner_html()
    assert shared != address
    await page.goto("about:blank")
    await page.goto(shared)
    assert await page.locator("#first").inner_html() == seen
    assert await page.input_value("#door") == "http-api"
    assert await page.get_by_role("checkbox", name="GKE").is_checked()


async def test_the_rest_of_the_page_follows_when_the_sliders_rest(page: Page) -> None:
    before = await page.locator("#second").inner_text()
    await set_slider(page, "requests", 0.8)
    await expect(page.locator("#second")).not_to_have_text(before, use_inner_text=True)
    assert await page.locator("#second h2").count() == 3
    assert await page.title() == f"{await page.locator('h1').inner_text()} - ferryman"


async def test_what_is_unfolded_stays_so(page: Page) -> None:
    await page.locator("#first details").nth(1).locator("summary").click()
    await set_slider(page, "wait", 0.6)
    opened = "[...document.querySelectorAll('#first details')].map((one) => one.open)"
    assert (await page.evaluate(opened))[:3] == [False, True, False]


async def test_a_wrong_number_is_told_and_put_right(browser: BrowserPage, page: Page) -> None:
    await page.fill("#cpu", "fast")
    await expect(page.get_by_role("alert")).to_contain_text("'fast' is not a number")
    await page.fill("#cpu", "12")
    await expect(page.get_by_role("alert")).to_have_count(0)
    # The browser itself says that there was an answer of 400.
    assert all("400" in error for error in browser.errors)
    browser.errors.clear()


async def test_a_log_sets_the_sliders(page: Page, tmp_path: Path) -> None:
    log = tmp_path / "traffic.csv"
    rows = (f"{1_790_000_000 + hour * 3600},{1000 + hour % 24 * 100}" for hour in range(24 * 15))
    log.write_text("timestamp,count\n" + "\n".join(rows) + "\n")
    await page.set_input_files("#file", log)
    await page.get_by_role("button", name="Read").click()
    await page.wait_for_url("**/?requests=*")
    assert await page.locator("#shape").input_value() == "log"
    assert "your log" in await page.locator("figcaption", has_text="week of the shape").inner_text()
    assert await page.input_value("#requests") != "20M"


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_serious(page: Page, scheme: Literal["light", "dark"]) -> None:
    await page.emulate_media(color_scheme=scheme)
    for summary in await page.locator("summary").all():
        await summary.click()
    assert await barriers(page) == []


@pytest.mark.parametrize("width", [360, 800, 1280])
async def test_no_window_is_too_narrow(page: Page, width: int) -> None:
    await page.set_viewport_size({"width": width, "height": 800})
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(wide) <= 0


@SIGHTS
async def test_it_is_seen_at_each_width_in_each_light_and_on_paper(
    page: Page, width: int, scheme: Literal["light", "dark", "print"]
) -> None:
    await see(page, width, scheme, "calculator")
    assert await page.locator(".tiles dt").all_inner_texts() == [
        *("Now", "Next", "Crossover", "At twice the traffic")
    ]
    assert await page.locator("aside").is_visible() == (scheme != "print")


async def test_on_a_telephone_the_answer_comes_before_the_controls(page: Page) -> None:
    await page.set_viewport_size({"width": 320, "height": 700})
    answer = await page.locator("h1").bounding_box()
    controls = await page.locator("#controls").bounding_box()
    assert answer
    assert controls
    assert answer["y"] < 100
    await page.get_by_role("link", name="Change the inputs").click()
    await expect(page.locator("#requests")).to_be_in_viewport()
    assert controls["y"] > answer["y"] + answer["height"]
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(wide) <= 0


async def test_without_a_script_a_button_sends_the_form(browser: BrowserPage, address: str) -> None:
    host = browser.page.context.browser
    assert host
    context = await host.new_context(java_script_enabled=False)
    page = await context.new_page()
    await page.goto(address)
    assert not await page.locator("input[type=range]").first.is_visible()
    await page.fill("#requests", "300M")
    await page.get_by_role("button", name="Update").click()
    assert "300\u00a0M" in await page.locator("h1").inner_text()
    await context.close()


async def test_a_slider_that_moves_within_a_step_leaves_the_answer_as_it_is(page: Page) -> None:
    await set_slider(page, "memory", 0.5)
    await expect(page.locator("body.waiting")).to_have_count(0)
    answer = await page.locator("#second").inner_text()
    await page.locator("input[type=range][data-for=memory]").dispatch_event("input")
    await expect(page.locator("body.waiting")).to_have_count(0)
    assert await page.locator("#second").inner_text() == answer


async def test_an_application_is_edited_added_and_removed(page: Page, address: str) -> None:
    await page.goto(f"{address}portfolio/")
    before = await page.locator("h1").inner_text()
    await page.fill("#requests1", "900M")
    await page.evaluate(FOLLOWS)
    assert await page.locator("h1").inner_text() != before
    # A click that leaves the page would break off what it still asks for.
    await expect(page.locator("body.waiting")).to_have_count(0)
    await page.get_by_role("button", name="Add an application").click()
    await expect(page.locator("fieldset.app")).to_have_count(4)
    assert await page.input_value("#requests1") == "900M"
    await page.fill("#name4", "reports")
    await page.evaluate(FOLLOWS)
    await expect(page.locator("#apps + * tbody th").last).to_have_text("reports")
    await expect(page.locator("body.waiting")).to_have_count(0)
    await page.get_by_role("button", name="Remove search").click()
    await expect(page.locator("fieldset.app")).to_have_count(3)
    await expect(page.locator("#apps + * tbody th")).to_have_text(["shop", "mail", "reports"])
    await page.get_by_role("link", name="One application").click()
    await expect(page.locator("#cpu")).to_be_visible()


@SIGHTS
async def test_several_applications_are_seen_at_each_width_in_each_light_and_on_paper(
    page: Page, address: str, width: int, scheme: Literal["light", "dark", "print"]
) -> None:
    await page.goto(f"{address}portfolio/?name1=shop&name2=mail&doubt2=a+busy+machine")
    await see(page, width, scheme, "calculator-portfolio")
    assert await page.locator(".tiles dt").count() == 4
    assert (await page.locator("h1").inner_text()).startswith(
        "Doubtful (mail measured with --force)"
    )
    assert await page.locator("aside").is_visible() == (scheme != "print")
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert await page.evaluate(wide) <= 0
    if (width, scheme) == (390, "dark"):
        await page.set_viewport_size({"width": 320, "height": 700})
        assert await page.evaluate(wide) <= 0
        assert await barriers(page) == []


async def test_its_picture_stands_in_the_documentation(page: Page) -> None:
    await keep_picture(page, "calculator.png")
