"""How soon the calculator follows a slider, in Chromium and without a browser.

    python -m benchmarks.calculator

Prints medians in milliseconds: from the move of a slider until the page shows the answer, and
the CPU time of an answer alone. A page that takes up to 100 ms seems to follow at once.
"""

from __future__ import annotations

import asyncio
import statistics
import time

from aiohttp.test_utils import TestClient, TestServer
from playwright.async_api import Page
from tests.browser import open_browser

from ferryman.calculator.app import create_app

STEPS = 25

APPS = "&".join(f"name{n}=app{n}&requests{n}={n}M&wall_ms{n}=120&cpu_ms{n}=8" for n in range(1, 6))

_UNTIL_SHOWN = """
  const asked = () => new URLSearchParams(new FormData(document.querySelector("#controls")));
  const began = performance.now();
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  while (document.body.dataset.shown !== asked().toString()) {
    if (performance.now() - began > 30000) throw new Error("the page does not follow its controls");
    await new Promise((later) => setTimeout(later, 1));
  }
  return performance.now() - began;
}"""

MOVE = f"""async ([name, share]) => {{
  const field = document.querySelector(`input[data-for=${{name}}]`);
  const value = Math.round(share * field.max);
{_UNTIL_SHOWN}"""

TYPE = f"""async ([name, value]) => {{
  const field = document.querySelector(`#${{name}}`);
{_UNTIL_SHOWN}"""


async def on_the_page(page: Page, name: str) -> list[float]:
    """Return how long the page took to follow each move of a slider, in milliseconds."""
    taken: list[float] = []
    for step in range(STEPS):
        taken.append(await page.evaluate(MOVE, [name, 0.3 + step / 50]))
        await page.locator("body:not(.waiting)").wait_for()
    return taken


async def in_a_field(page: Page, name: str, unit: str) -> list[float]:
    """Return how long the page took to follow each figure that is typed, in milliseconds."""
    taken: list[float] = []
    for step in range(STEPS):
        taken.append(await page.evaluate(TYPE, [name, f"{40 + step}{unit}"]))
        await page.locator("body:not(.waiting)").wait_for()
    return taken


async def of_an_answer(server: TestServer, path: str) -> list[float]:
    """Return the CPU time of each answer, in milliseconds."""
    taken: list[float] = []
    async with TestClient(server) as client:
        await (await client.get(f"{path}49")).read()
        for step in range(STEPS):
            before = time.process_time()
            await (await client.get(f"{path}{50 + step}")).read()
            taken.append((time.process_time() - before) * 1000)
    return taken


def line(name: str, taken: list[float]) -> str:
    """Return a row of the table."""
    middle = statistics.quantiles(taken, n=4)
    return f"{name:24}{statistics.median(taken):7.0f} ms  ({middle[0]:.0f} to {middle[2]:.0f})"


async def main() -> None:
    """Measure, and print the table."""
    async with TestServer(create_app(local=True)) as server, open_browser() as browser:
        await browser.page.goto(str(server.make_url("/")))
        for name in ("requests", "cpu", "memory"):
            await on_the_page(browser.page, name)  # what is made once is made now
            print(line(f"slider '{name}'", await on_the_page(browser.page, name)))
        await browser.page.goto(f"{server.make_url('/portfolio/')}?{APPS}")
        for name, unit in (("requests3", "k"), ("wall_ms3", "ms")):
            await in_a_field(browser.page, name, unit)
            print(line(f"of 5 apps, '{name}'", await in_a_field(browser.page, name, unit)))
        print(line("an answer, CPU time", await of_an_answer(server, "/first?wait=")))
    async with TestServer(create_app(local=True)) as server:
        path = f"/portfolio/first?{APPS}&cpu_ms3="
        print(line("of 5 apps, CPU time", await of_an_answer(server, path)))


if __name__ == "__main__":
    asyncio.run(main())
