"""Each way that an app reference can fail is an error of its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from aiohttp import web

from ferryman.core.errors import AppError, ConfigError
from ferryman.core.loader import (
    AppAttributeMissing,
    AppFactoryFailed,
    AppModuleBroken,
    AppModuleMissing,
    AppReference,
    AppWrongType,
    load_app,
    run_with_app,
)

APP = "from aiohttp import web\n"


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return a function that writes modules of the importable package `shop`."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(tmp_path)

    def write(**modules: str) -> None:
        for name, text in {"__init__": "", **modules}.items():
            path = tmp_path / "shop" / f"{name}.py"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)

    yield write
    for name in set(sys.modules) - before:
        if name.partition(".")[0] == "shop":
            del sys.modules[name]


@pytest.mark.parametrize(
    ("text", "attribute"),
    [
        ("app = web.Application()", "app"),
        ("def make(): return web.Application()", "make"),
        ("async def make(): return web.Application()", "make"),
        ("make = lambda: web.Application()", "make"),
        ("class Box:\n  class inner:\n    app = web.Application()", "Box.inner.app"),
        ("class Maker:\n  async def __call__(self): return web.Application()\nm = Maker()", "m"),
        ("def __getattr__(name): return web.Application()", "anything"),
    ],
)
async def test_a_reference_leads_to_an_application(
    shop: Callable[..., None], text: str, attribute: str
) -> None:
    shop(app=APP + text)
    assert isinstance(await load_app(f"shop.app:{attribute}"), web.Application)


@pytest.mark.parametrize(
    ("text", "attribute", "kind", "message", "hint"),
    [
        ("", "app", AppAttributeMissing, "the module shop.app has no attribute 'app'", "name the"),
        ("create_app = 1", "creat_app", AppAttributeMissing, "creat_app", "'create_app'?"),
        (
            "class settings: pass",
            "settings.app",
            AppAttributeMissing,
            "'settings' in the module shop.app has no attribute 'app'",
            "",
        ),
        ("app = 5", "app", AppWrongType, "shop.app:app is of type int", "name a web.Application"),
        ("app = None", "app", AppWrongType, "shop.app:app is None", ""),
        ("app = web.Application", "app", AppWrongType, "is the class Application", ""),
        ("def make(): return 5", "make", AppWrongType, "shop.app:make returned of type int", ""),
        ("async def make(): pass", "make", AppWrongType, "shop.app:make returned None", "return"),
        ("def make(): 1 / 0", "make", AppFactoryFailed, "raised ZeroDivisionError", "by hand"),
        ("def make(x): pass", "make", AppFactoryFailed, "raised TypeError", "without arguments"),
        ("import sys\ndef make(): sys.exit('x')", "make", AppFactoryFailed, "SystemExit", ""),
        ("async def make(): raise OSError", "make", AppFactoryFailed, "raised OSError", ""),
        ("1 / 0", "app", AppModuleBroken, "shop.app raised ZeroDivisionError", "fix it"),
        ("import sys; sys.exit(4)", "app", AppModuleBroken, "raised SystemExit", ""),
        ("class Panic(BaseException): pass\nraise Panic", "app", AppModuleBroken, "Panic", "fix"),
        ("def make(): raise BaseException", "make", AppFactoryFailed, "BaseException", "by hand"),
        ("def (", "app", AppModuleBroken, "raised SyntaxError", ""),
        ("raise ModuleNotFoundError('x')", "app", AppModuleBroken, "ModuleNotFound", "fix it"),
        (
            "import nowhere_at_all.x",
            "app",
            AppModuleBroken,
            "ModuleNot",
            "_all is not installed",
        ),
        ("import shop.models", "app", AppModuleBroken, "ModuleNotFoundError", "fix it"),
        ("from shop import models", "app", AppModuleBroken, "raised ImportError", "fix it"),
        (
            "try: import nowhere_at_all\nexcept ImportError as e: raise ImportError('x') from e",
            "app",
            AppModuleBroken,
            "raised ImportError",
            "nowhere_at_all is not installed here: add it",
        ),
        (
            "def make(): import nowhere_at_all.x",
            "make",
            AppFactoryFailed,
            "raised ModuleNotFoundError",
            "nowhere_at_all is not installed here: add it",
        ),
        ("def make(): import aiohttp.nothing", "make", AppFactoryFailed, "raised Mod", "by hand"),
        (
            "def __getattr__(name): raise RuntimeError",
            "app",
            AppModuleBroken,
            "raised RuntimeError",
            "",
        ),
    ],
)
async def test_each_failure_says_what_it_is(
    shop: Callable[..., None],
    text: str,
    attribute: str,
    kind: type[AppError],
    message: str,
    hint: str,
) -> None:
    shop(app=APP + text)
    with pytest.raises(AppError) as caught:
        await load_app(f"shop.app:{attribute}")
    assert type(caught.value) is kind
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("reference", "missing"),
    [
        ("nowhere_at_all:app", "'nowhere_at_all'"),
        ("shop.nothing:app", "'shop.nothing'"),
        ("shop.app.deeper:app", "'shop.app.deeper'"),
    ],
)
async def test_a_module_that_is_not_there_is_named(
    shop: Callable[..., None], reference: str, missing: str
) -> None:
    shop(app=APP)
    with pytest.raises(AppModuleMissing, match=f"there is no module {missing}"):
        await load_app(reference)


@pytest.mark.parametrize("text", ["", "shop", "shop:", ":app", "shop/app:app", "a b:c", "a:b()"])
def test_a_reference_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="is not an app reference"):
        AppReference.parse(text)


@pytest.mark.parametrize("source", [5, web.Application, None])
async def test_an_object_that_is_no_source_is_refused(source: object) -> None:
    with pytest.raises(AppWrongType):
        await load_app(source)  # type: ignore[arg-type]


async def test_ctrl_c_is_not_taken_for_a_failure(shop: Callable[..., None]) -> None:
    shop(app="raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        await load_app("shop.app:app")


# An app that a coroutine makes, as asyncio's own and gunicorn's users have always written it.
MADE_ON_A_LOOP = """
import asyncio
from aiohttp import web

async def make():
    await asyncio.sleep(0)
    return web.Application()
"""


@pytest.mark.parametrize(
    "text",
    [
        "app = asyncio.run(make())",
        "loop = asyncio.new_event_loop()\napp = loop.run_until_complete(make())\nloop.close()",
        "def app(): return asyncio.run(make())",
        "def app(): return asyncio.get_event_loop().run_until_complete(make())",
        "app = make",
    ],
)
def test_a_module_or_a_factory_may_run_an_event_loop_itself(
    shop: Callable[..., None], text: str
) -> None:
    shop(app=MADE_ON_A_LOOP + text)
    assert isinstance(run_with_app("shop.app:app", load_app), web.Application)


def test_a_factory_that_fails_on_a_loop_of_its_own_is_told(shop: Callable[..., None]) -> None:
    shop(app="import asyncio\nasync def make(): 1 / 0\ndef app(): return asyncio.run(make())")
    with pytest.raises(AppFactoryFailed, match="ZeroDivisionError") as caught:
        run_with_app("shop.app:app", load_app)
    assert "in make" in (caught.value.cause or "")


async def test_modules_that_import_each_other_as_scripts_are_told_their_source(
    shop: Callable[..., None],
) -> None:
    shop(app="import views", views="from boats import all", boats="")
    with pytest.raises(AppModuleBroken) as caught:
        await load_app("shop.app:app")
    told = 'views lies in shop: set source = "shop" in [tool.ferryman], and app = "app:app"'
    assert caught.value.hint == told
