"""A traceback shows the user's frames, and nobody else's."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ferryman.core.errors import AppError
from ferryman.core.lifecycle import start_app

# Where ferryman's, aiohttp's and the import system's code lies, as tracebacks name it.
FOREIGN = (
    *("/ferryman/core/", "/aiohttp/", "/aiosignal/", "/asyncio/", "/importlib/"),
    *("<frozen importlib", "contextlib.py"),
)


@pytest.fixture(params=["plain", "aiohttp", "asyncio/importlib", "ferryman"])
def home(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Return the directory of an importable project, called what a library is called."""
    home = tmp_path / request.param
    home.mkdir(parents=True)
    monkeypatch.syspath_prepend(home)
    yield home
    for name in [name for name in sys.modules if name.startswith("ferryman_kiosk")]:
        del sys.modules[name]


async def cause_of(home: Path, text: str) -> str:
    (home / "ferryman_kiosk.py").write_text("from aiohttp import web\n" + text)
    with pytest.raises(AppError) as caught:
        await start_app("ferryman_kiosk:make", shutdown_timeout=1)
    return (caught.value.cause or "").replace(str(home), "HOME")


@pytest.mark.parametrize(
    ("text", "frames"),
    [
        ("import ferryman_kiosk_models", 2),
        ("import importlib\nimportlib.import_module('ferryman_kiosk_models')", 2),
        ("def make(): return helper()\ndef helper(): raise ValueError('here')", 2),
        (
            """
async def start(app): raise ValueError('here')
def make():
    app = web.Application()
    app.on_startup.append(start)
    return app
""",
            1,
        ),
        (
            """
async def context(app):
    raise ValueError('here')
    yield
def make():
    app = web.Application()
    app.cleanup_ctx.append(context)
    return app
""",
            1,
        ),
        (
            """
import asyncio
async def part(): raise ValueError('here')
async def start(app):
    async with asyncio.TaskGroup() as group:
        group.create_task(part())
def make():
    app = web.Application()
    app.on_startup.append(start)
    return app
""",
            2,
        ),
    ],
    ids=["import", "import_module", "factory", "on_startup", "cleanup_ctx", "task group"],
)
async def test_only_the_frames_of_the_user_are_shown(home: Path, text: str, frames: int) -> None:
    (home / "ferryman_kiosk_models.py").write_text("raise ValueError('here')")
    cause = await cause_of(home, text)
    assert [name for name in FOREIGN if name in cause] == []
    assert cause.count('File "HOME/ferryman_kiosk') == frames
    assert "ValueError: here" in cause


@pytest.mark.parametrize("home", ["plain"], indirect=True)
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("def (", "SyntaxError"),
        ("def make(argument): ...", "TypeError: make() missing 1 required positional argument"),
    ],
)
async def test_without_a_frame_of_the_user_only_the_exception_is_shown(
    home: Path, text: str, shown: str
) -> None:
    cause = await cause_of(home, text)
    assert shown in cause
    assert "Traceback" not in cause


@pytest.mark.parametrize("home", ["plain"], indirect=True)
async def test_what_caused_it_is_shown_as_well(home: Path) -> None:
    cause = await cause_of(home, "def make():\n  try: {}['key']\n  except KeyError: 1 / 0")
    assert "KeyError: 'key'" in cause
    assert "During handling of the above exception" in cause
    assert cause.endswith("ZeroDivisionError: division by zero")
