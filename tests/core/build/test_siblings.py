"""A module beside the app that it imports, and that `include` does not name, is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferryman.core.build.resolution import resolve_project
from ferryman.core.build.siblings import check_siblings, missing_imports
from ferryman.core.build.sources import app_files, import_root
from ferryman.core.errors import ConfigError


def check(root: Path, app: str, *provided: str, include: str = "[]") -> None:
    (root / "hello.py").write_text(f"{app}\napp = 1\n")
    (root / "helper.py").write_text("")
    (root / "tools").mkdir(exist_ok=True)
    (root / "tools" / "__init__.py").write_text("")
    project = resolve_project(root, {}, flags={"app": "hello:app", "include": include})
    check_siblings(app_files(project), import_root(project), project.root, provided)


@pytest.mark.parametrize(
    ("app", "entry"),
    [
        ("import helper", "helper.py"),
        ("import os, helper", "helper.py"),
        ("from tools.oar import row", "tools"),
    ],
)
def test_what_is_imported_and_would_not_ship_is_told(app: str, entry: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"hello.py:1 imports \w+, which would not ship") as told:
        check(tmp_path, app)
    assert told.value.hint == f'name it in [tool.ferryman]: include = ["{entry}"]'


def test_a_module_in_src_is_named_as_from_the_project(tmp_path: Path) -> None:
    shop = tmp_path / "src" / "shop"
    shop.mkdir(parents=True)
    (shop / "app.py").write_text("import helper\napp = 1\n")
    (tmp_path / "src" / "helper.py").touch()
    project = resolve_project(tmp_path, {}, flags={"app": "shop.app:app"})
    with pytest.raises(ConfigError, match=r"^shop/app.py:1 imports helper") as told:
        check_siblings(app_files(project), import_root(project), tmp_path)
    assert told.value.hint == 'name it in [tool.ferryman]: include = ["src/helper.py"]'


@pytest.mark.parametrize(
    "app",
    [
        "import aiohttp",
        "try:\n    import helper\nexcept ImportError:\n    helper = None",
        "def moor():\n    import helper",
        "import json",
    ],
)
def test_what_may_be_missing_is_not(app: str, tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("")
    check(tmp_path, app)


def test_what_is_included_or_in_a_package_ships(tmp_path: Path) -> None:
    check(tmp_path, "import helper", include='["helper.py"]')
    check(tmp_path, "import helper", "helper/__init__.pyc")
    check(tmp_path, "import helper", "helper.cpython-313-x86_64-linux-gnu.so")


def test_what_is_imported_and_no_dependency_is_named_once_with_a_line(tmp_path: Path) -> None:
    package = tmp_path / "shop"
    package.mkdir()
    (package / "app.py").write_text("import json, yarl\nimport lost\napp = 1\n")
    (package / "sub.py").write_text("import shop, lost.deeply\ntry:\n import x\nfinally: ...\n")
    project = resolve_project(tmp_path, {}, flags={"app": "shop.app:app"})
    assert missing_imports(app_files(project), ["yarl/__init__.pyc"]) == (
        "shop/app.py:2 imports lost, which is not among the dependencies",
    )
