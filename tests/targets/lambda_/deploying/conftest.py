"""A small project whose function the tests deploy, and zips of it."""

from __future__ import annotations

import importlib
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.aws_stand_in import Run, Zip


@pytest.fixture
def zipped(tmp_path: Path) -> Zip:
    """Return what makes a small zip of some content."""

    def make(content: str) -> str:
        path = tmp_path / f"{content}.zip"
        with zipfile.ZipFile(path, "w") as archive:
            entry = zipfile.ZipInfo("shop.py", (1980, 1, 1, 0, 0, 0))
            archive.writestr(entry, f"VALUE = '{content}'\n")
        return str(path)

    return make


@pytest.fixture
def run(tmp_path: Path, stack: str) -> Run:
    """Run a verb on the project shop, and return how it went."""
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "shop"\nversion = "1"\n[tool.ferryman]\napp = "shop:app"\n', "utf-8"
    )

    def run(verb: str, *words: str) -> Result:
        command = importlib.import_module(f"ferryman.cli.{verb}").command
        line = ["-t", "lambda", "-C", str(tmp_path), "--stack", stack, *words]
        return CliRunner().invoke(command, line, standalone_mode=False)

    return run
