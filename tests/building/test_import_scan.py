"""What the app imports and no dependency brings is told, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferryman.building.app_files import choose_app_files
from ferryman.building.import_scan import missing_imports
from ferryman.project.resolution import resolve_project


def missing(root: Path, *provided: str) -> tuple[str, ...]:
    project = resolve_project(root, {}, flags={"app": "shop.app:app"})
    return missing_imports(choose_app_files(project).modules, provided)


def test_it_is_named_once_with_a_line(tmp_path: Path) -> None:
    package = tmp_path / "shop"
    package.mkdir()
    (package / "app.py").write_text("import json, yarl\nimport lost\napp = 1\n")
    (package / "sub.py").write_text("import shop, lost.deeply\ntry:\n import x\nfinally: ...\n")
    assert missing(tmp_path, "yarl/__init__.pyc") == (
        "shop/app.py:2 imports lost, which is not among the dependencies",
    )


@pytest.mark.parametrize(
    "line",
    [
        "import aiohttp",
        "try:\n    import lost\nexcept ImportError:\n    lost = None",
        "def moor():\n    import lost",
        "import json",
    ],
)
def test_what_may_be_missing_is_not(line: str, tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "app.py").write_text(f"{line}\napp = 1\n")
    assert missing(tmp_path, "aiohttp/web.pyc") == ()


def test_an_extension_module_provides_itself(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "app.py").write_text("import oar\napp = 1\n")
    assert missing(tmp_path, "oar.cpython-313-x86_64-linux-gnu.so") == ()
