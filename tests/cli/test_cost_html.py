from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from ferryman.cli.cost import command
from ferryman.core.errors import FerrymanError


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments)


def test_it_writes_the_page_and_still_prints_the_answer(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    result = run("--wall-ms", "80", "--cpu-ms", "8", "--html", str(path))
    assert result.exit_code == 0
    assert result.stderr == f"wrote {path}\n"
    assert result.stdout.startswith("Stay on Lambda")
    assert path.read_text().startswith("<!doctype html>")
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_the_same_question_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        run("--shape", "consumer", "--html", str(tmp_path / name))
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_what_is_given_is_called_given_on_the_page(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    run("--wall-ms", "80", "--html", str(path))
    text = path.read_text()
    assert '<th scope="row">wall time</th><td>given</td>' in text
    assert '<th scope="row">CPU time</th><td>assumed</td>' in text


def test_a_directory_that_is_not_there_is_said(tmp_path: Path) -> None:
    result = run("--html", str(tmp_path / "nowhere" / "report.html"))
    assert isinstance(result.exception, FerrymanError)
    assert "report.html cannot be written" in str(result.exception)
    assert result.stdout == ""


def test_a_page_that_fails_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_text("old")

    def full_disk(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", full_disk)
    result = run("--html", str(path))
    assert isinstance(result.exception, FerrymanError)
    assert result.exception.cause == "no space left on device"
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.html"]


def test_a_report_of_every_platform_names_each_of_them(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    result = run("--all", "--shape", "consumer", "--html", str(path))
    assert result.exit_code == 0
    platforms = json.loads(run("--all", "--shape", "consumer", "--json").stdout)["assumptions"]
    page = path.read_text()
    assert len(platforms) >= 15
    assert [name for name in platforms if name not in page] == []
