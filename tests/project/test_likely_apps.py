"""A project that names no app is told what may be it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferryman.core.errors import ConfigError
from ferryman.project.likely_apps import likely_apps
from ferryman.project.resolution import resolve_project

FACTORY = "from aiohttp import web\n\ndef create_app():\n    return web.Application()\n"


def write(root: Path, place: str, text: str = FACTORY) -> None:
    (root / place).parent.mkdir(parents=True, exist_ok=True)
    (root / place).write_text(text)


@pytest.mark.parametrize(
    ("place", "text", "reference"),
    [
        ("main.py", FACTORY, "main:create_app"),
        ("main.py", FACTORY.replace("def create", "async def init"), "main:init_app"),
        ("main.py", "from aiohttp import web\napp = web.Application()\n", "main:app"),
        ("main.py", "from aiohttp.web import Application\nshop = Application()\n", "main:shop"),
    ],
)
def test_a_factory_and_an_application_are_found(
    tmp_path: Path, place: str, text: str, reference: str
) -> None:
    write(tmp_path, place, text)
    assert likely_apps(tmp_path) == (reference,)


def test_packages_are_looked_through_in_both_layouts(tmp_path: Path) -> None:
    for place in ("src/shop/__init__.py", "src/shop/web/__init__.py", "yard/__init__.py"):
        write(tmp_path, place, "")
    write(tmp_path, "src/shop/web/main.py")
    write(tmp_path, "yard/__init__.py")
    assert likely_apps(tmp_path) == ("shop.web.main:create_app", "yard:create_app")


def test_a_package_that_is_called_src_is_imported_by_that_name(tmp_path: Path) -> None:
    write(tmp_path, "src/__init__.py", "")
    write(tmp_path, "src/app.py")
    assert likely_apps(tmp_path) == ("src.app:create_app",)


def test_a_package_needs_no_init(tmp_path: Path) -> None:
    write(tmp_path, "bot/__main__.py", "from aiohttp import web\napp = web.Application()\n")
    write(tmp_path, "examples/main.py")
    assert likely_apps(tmp_path) == ("bot.__main__:app",)


def test_tests_and_what_cannot_be_read_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, "test_main.py")
    write(tmp_path, "tests/__init__.py")
    write(tmp_path, "venv/lib/thing.py")
    write(tmp_path, "broken.py", "def create_app(:\n")
    write(tmp_path, "a-script.py")
    write(tmp_path, "inner.py", "def f():\n    def create_app(): ...\n")
    assert likely_apps(tmp_path) == ()


def test_the_error_says_what_to_write(tmp_path: Path) -> None:
    write(tmp_path, "main.py")
    with pytest.raises(ConfigError, match="the project names no app") as caught:
        assert resolve_project(tmp_path, {}).app
    assert caught.value.cause == "it may be main:create_app"
    assert 'set app = "main:create_app" in [tool.ferryman]' in str(caught.value.hint)


WEB = "from aiohttp import web\n"
MADE = "    made = web.Application()\n    return made\n"


@pytest.mark.parametrize(
    ("text", "reference"),
    [
        ("import asyncio\nasync def init():\n" + MADE + "app = asyncio.run(init())", "main:app"),
        ("def setup():\n" + MADE, "main:setup"),
        ("async def whole() -> web.Application: ...", "main:whole"),
        (
            "def create_app(config):\n" + MADE + "def app_factory():\n    return create_app({})\n",
            "main:app_factory",
        ),
    ],
)
def test_an_app_is_found_by_what_makes_it(tmp_path: Path, text: str, reference: str) -> None:
    write(tmp_path, "main.py", WEB + text)
    assert reference in likely_apps(tmp_path)
    assert "main:create_app" not in likely_apps(tmp_path)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (
            'if __name__ == "__main__":\n    app = web.Application()\n    web.run_app(app)\n',
            "main.py makes its app under `if __name__",
        ),
        ("def create_app(config):\n" + MADE, "main.py has create_app, which cannot be called"),
        (
            "def make_app():\n    made = web.Application()\n    return made, 5\n",
            "main.py has make_app, which cannot be called",
        ),
    ],
)
def test_an_app_that_no_import_leads_to_is_told(tmp_path: Path, text: str, why: str) -> None:
    write(tmp_path, "main.py", WEB + text)
    with pytest.raises(ConfigError, match="names no app") as caught:
        _ = resolve_project(tmp_path, {}).app
    assert why in (caught.value.cause or "")
    assert "def create_app():" in (caught.value.cause or "")
