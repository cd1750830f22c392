"""A new project on a machine that has nothing of it: its tests, its targets, a browser."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import expect
from tests.browser import BrowserPage

PAGE = '''
from aiohttp import web

FORM = """<!doctype html><title>shop</title><h1>What do you want?</h1>
<form method="post"><input name="what"><button>Order</button></form>"""


async def show(request: web.Request) -> web.Response:
    return web.Response(text=FORM, content_type="text/html")


async def order(request: web.Request) -> web.Response:
    what = (await request.post())["what"]
    return web.Response(text=f"<title>shop</title><h1>{what} it is</h1>", content_type="text/html")


async def stock(request: web.Request) -> web.Response:
    return web.json_response({"left": 3})


def create_app() -> web.Application:
    app = web.Application()
    app.add_routes([web.get("/", show), web.post("/", order), web.get("/stock", stock)])
    return app
'''
FETCH = "async (path) => await (await fetch(path)).json()"


def clean() -> dict[str, str]:
    """Return the variables of a shell in which no environment is active."""
    ours = ("FERRYMAN_", "VIRTUAL_ENV", "PYTEST_", "PYTHONPATH")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def make(directory: Path, target: str) -> str:
    done = subprocess.run(
        ["make", target, f"PYTHON={sys.executable}"],
        cwd=directory,
        env=clean(),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a project that was made this moment."""
    directory = tmp_path_factory.mktemp("fresh")
    command = [sys.executable, "-m", "ferryman", "new", "shop"]
    subprocess.run(command, cwd=directory, env=clean(), check=True, capture_output=True)
    return directory / "shop"


@pytest.fixture(scope="module")
def app_as_made(shop: Path) -> str:
    return (shop / "shop/app.py").read_text()


@asynccontextmanager
async def developing(shop: Path, target: str, address: str) -> AsyncIterator[str]:
    """Run the project's own `ferryman dev`, as Ctrl-C ends it."""
    command = (".venv/bin/ferryman", "dev", "-t", target, "--bind", address)
    process = await asyncio.create_subprocess_exec(
        *command, cwd=shop, env=clean(), stderr=asyncio.subprocess.DEVNULL
    )
    try:
        yield f"http://{address}/"
    finally:
        process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(process.wait(), 20) == 0


async def until(url: str, wanted: str) -> None:
    """Wait for an answer that holds a text."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(30):
        while True:
            try:
                async with session.get(url) as answer:
                    if wanted in await answer.text():
                        return
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)


def test_its_tests_pass_at_once_and_on_each_target(shop: Path) -> None:
    assert "4 passed" in make(shop, "test")
    assert "7 passed" in make(shop, "test-targets")
    assert (shop / ".venv/bin/ferryman").is_file()


@pytest.mark.parametrize("target", ["lambda", "server"])
async def test_a_browser_shows_it_and_what_is_saved_next(
    target: str,
    shop: Path,
    app_as_made: str,
    browser_page: BrowserPage,
    unused_tcp_port: int,
) -> None:
    make(shop, ".venv/.ferryman")
    app = shop / "shop/app.py"
    app.write_text(app_as_made)
    page = browser_page.page
    async with developing(shop, target, f"127.0.0.1:{unused_tcp_port}") as url:
        await until(url, "Hello, world")
        await page.goto(url)
        assert "Hello, world" in await page.inner_text("body")
        assert await page.evaluate(FETCH, "/?name=Ada") == {"greeting": "Hello, Ada"}

        app.write_text(PAGE)
        await until(url, "What do you want?")
        await page.reload()
        await page.fill("input", "A map & a compass")
        await page.click("button")
        assert await page.inner_text("h1") == "A map & a compass it is"
        assert await page.evaluate(FETCH, "/stock") == {"left": 3}
        assert browser_page.errors == []

        # The page says what is wrong and where, and needs no hand once that is mended.
        app.write_text(PAGE.replace("def create_app()", "def create_app("))
        await until(url, "SyntaxError")
        await page.goto(url)
        assert await page.inner_text("h1") == "The app does not start"
        said = await page.inner_text("pre")
        assert "SyntaxError" in said
        assert str(app) in said
        assert "site-packages" not in said
        app.write_text(PAGE.replace("What do you want?", "What else?"))
        await expect(page.locator("h1")).to_have_text("What else?", timeout=20_000)
