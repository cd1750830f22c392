"""The reference of an app is held to its source, and the app is not run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from tests.building.test_app_files import places, project, write

from ferryman.core.app_reference import (
    AppAttributeMissing,
    AppFactoryFailed,
    AppModuleBroken,
    AppModuleMissing,
    AppWrongType,
)
from ferryman.core.errors import AppError


@pytest.mark.parametrize(
    ("app", "missing"),
    [
        ("nothing:app", "'nothing'"),
        ("shop.nothing:app", "'shop.nothing'"),
        ("shop.app.deeper:app", "'shop.app.deeper'"),
        ("shop:app", "'shop'"),
    ],
)
def test_a_module_that_is_not_there_is_told(tmp_path: Path, app: str, missing: str) -> None:
    write(tmp_path, "shop/app.py")
    with pytest.raises(AppModuleMissing, match=f"there is no module {missing} for the app {app}"):
        places(project(tmp_path, app))


@pytest.mark.parametrize(
    "text",
    [
        "app = 1",
        "app: int = 1",
        "def app(): ...",
        "async def app(): ...",
        "class app: ...",
        "import app",
        "import app.parts",
        "import other as app",
        "from other import app",
        "from other import thing as app",
        "from other import *",
        "first, (app, *rest) = 1, (2, 3)",
        "print(app := 1)",
        "if True:\n  pass\nelse:\n  app = 1",
        "try:\n  import app\nexcept ImportError:\n  app = None",
        "with open('x') as app: ...",
        "for app in range(3): ...",
        "match 1:\n  case app: ...",
        "def __getattr__(name): ...",
        "globals()['app'] = 1",
        "exec('app = 1')",
        "def set_up():\n  global app\n  app = 1\nset_up()",
    ],
)
def test_a_name_is_found_however_it_is_bound(tmp_path: Path, text: str) -> None:
    write(tmp_path, "shop/app.py", text=text)
    assert places(project(tmp_path)) == ["shop/app.py"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("", "it has: none"),
        ("def f():\n  app = 1", "it has: f"),
        ("class C:\n  app = 1", "it has: C"),
        ("create_app = 1", "it has: create_app"),
        ("import app_factory\napplication = 1\nappp = 1", "did you mean 'appp'?"),
        ("print(app)", "it has: none"),
    ],
)
def test_a_name_that_is_not_bound_is_told(tmp_path: Path, text: str, hint: str) -> None:
    write(tmp_path, "shop/app.py", text=text)
    with pytest.raises(AppAttributeMissing, match=r"shop\.app has no attribute 'app'") as caught:
        places(project(tmp_path))
    assert caught.value.hint == hint


def test_the_app_is_not_imported(tmp_path: Path) -> None:
    write(tmp_path, "shop/app.py", text="app = 1\nraise SystemExit('it was imported')")
    assert places(project(tmp_path)) == ["shop/app.py"]
    assert "shop" not in sys.modules


OWN = f"{sys.version_info[0]}.{sys.version_info[1]}"


@pytest.mark.parametrize("text", ["app = (", "app = 1\0"])
def test_a_syntax_error_is_told_with_its_line(tmp_path: Path, text: str) -> None:
    write(tmp_path, "shop/app.py", text=text)
    with pytest.raises(AppModuleBroken, match=r"shop\.app is not valid Python") as caught:
        places(project(tmp_path, python=OWN))
    assert f"{tmp_path}/shop/app.py:1: " in (caught.value.cause or "")


def test_syntax_that_only_a_newer_python_knows_is_left_to_it(tmp_path: Path) -> None:
    write(tmp_path, "shop/app.py", text="perhaps this is Python 3.99")
    assert places(project(tmp_path, python="3.99")) == ["shop/app.py"]


@pytest.mark.parametrize(
    ("app", "hint"),
    [
        ("shop.ap:app", "did you mean 'shop.app'?"),
        ("shop.app.py:app", "did you mean 'shop.app'?"),
        ("shopp.app:app", "did you mean 'shop'?"),
        ("main.py:app", "did you mean 'main'?"),
        ("mian:app", "did you mean 'main'?"),
        ("quite.another:app", "check app in [tool.ferryman] of pyproject.toml, or --app"),
    ],
)
def test_the_module_that_may_have_been_meant_is_named(tmp_path: Path, app: str, hint: str) -> None:
    write(tmp_path, "src/shop/app.py", "main.py")
    with pytest.raises(AppModuleMissing) as caught:
        places(project(tmp_path, app))
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("parameters", "needed"),
    [
        ("config", "config"),
        ("config, /, loop, debug=False", "config, loop"),
        ("*, config, debug=False", "config"),
    ],
)
@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_factory_that_needs_arguments_is_told(
    tmp_path: Path, kind: str, parameters: str, needed: str
) -> None:
    write(tmp_path, "shop/app.py", text=f"{kind} app({parameters}): ...")
    with pytest.raises(AppFactoryFailed) as caught:
        places(project(tmp_path))
    assert caught.value.message == (f"the factory shop.app:app cannot be called without {needed}")


@pytest.mark.parametrize(
    "text",
    [
        "def app(): ...",
        "def app(argv=None, *rest, debug=False, **more): ...",
        "def app(config): ...\napp = app(1)",
        "@filled\ndef app(config): ...",
        "def other(config): ...\napp = other(1)",
    ],
)
def test_a_factory_that_needs_none_passes(tmp_path: Path, text: str) -> None:
    write(tmp_path, "shop/app.py", text=text)
    assert places(project(tmp_path)) == ["shop/app.py"]


@pytest.mark.parametrize(
    ("text", "kind", "message", "hint"),
    [
        (
            'if __name__ == "__main__":\n    app = 1\n',
            AppAttributeMissing,
            "makes 'app' only where it is the program",
            "def create_app():",
        ),
        (
            "app = 1\nweb.run_app(app)\n",
            AppModuleBroken,
            "serves as soon as it is imported",
            'under `if __name__ == "__main__":`',
        ),
        (
            "def app(config, *, debug): ...\n",
            AppFactoryFailed,
            "cannot be called without config, debug",
            "`def create_app(): return app(config=..., debug=...)`",
        ),
        (
            "async def app(config): ...\n",
            AppFactoryFailed,
            "cannot be called without config",
            "`async def create_app(): return await app(config=...)`",
        ),
        (
            "def app():\n    def inner(): return 5\n    return inner(), 5\n",
            AppWrongType,
            "returns several values",
            "`def create_app(): return app()[0]`",
        ),
    ],
)
def test_an_app_in_a_shape_that_cannot_be_named_is_told_with_the_way_out(
    tmp_path: Path, text: str, kind: type[AppError], message: str, hint: str
) -> None:
    (tmp_path / "shop.py").write_text(text)
    with pytest.raises(kind) as caught:
        places(project(tmp_path, "shop:app"))
    assert message in caught.value.message
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize(
    "text",
    [
        "def app():\n    if ready: return made, 5\n    return made\n",
        'app = 1\nif __name__ == "__main__":\n    web.run_app(app)\n',
        "try:\n    app = 1\nexcept ImportError:\n    app = 2\n",
    ],
)
def test_an_app_in_a_usual_shape_passes(tmp_path: Path, text: str) -> None:
    (tmp_path / "shop.py").write_text(text)
    places(project(tmp_path, "shop:app"))
