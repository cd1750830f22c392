"""The package as it is published: its extras resolve together, its data is in it."""

from __future__ import annotations

import ast
import subprocess
from pathlib import Path

from uv import find_uv_bin

import ferryman

ROOT = Path(__file__).parents[2]


def test_all_extras_resolve_together() -> None:
    resolved = subprocess.run(
        [find_uv_bin(), "pip", "compile", "--quiet", "--all-extras", "pyproject.toml"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    ).stdout
    names = {line.split("==")[0] for line in resolved.splitlines() if "==" in line}
    assert {"aiohttp", "awslambdaric", "boto3", "gunicorn", "kubernetes", "numpy"} <= names
    assert "kubernetes==37.0.2" not in resolved


def test_the_wheel_holds_the_package_and_no_test(tmp_path: Path) -> None:
    subprocess.run(
        [find_uv_bin(), "build", "--quiet", "--wheel", "--out-dir", tmp_path], cwd=ROOT, check=True
    )
    (wheel,) = tmp_path.glob("*.whl")
    import zipfile

    names = zipfile.ZipFile(wheel).namelist()
    assert {"ferryman/py.typed", "ferryman/project/project.py"} <= {*names}
    assert any(name.startswith("ferryman/cost/prices/") and ".json" in name for name in names)
    template = "ferryman/scaffold/files/"  # whose tests are those of the project it makes
    own = [name for name in names if not name.startswith(template)]
    assert [n for n in own if n.startswith(("tests", "examples")) or "/test" in n] == []


def test_type_checkers_and_the_interpreter_find_the_same_public_names() -> None:
    tree = ast.parse((ROOT / "src" / "ferryman" / "__init__.pyi").read_text("utf-8"))
    told = {
        alias.asname or alias.name: f"{node.module}:{alias.name}"
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert told == vars(ferryman)["_HOMES"]
    for name in ferryman.__all__:
        assert getattr(ferryman, name) is not None
