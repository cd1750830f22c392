"""The picture of the README shows what the model says today. `make docs` draws it."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from ferryman.cli.main import cli


def test_the_readme_shows_the_crossovers_of_today(repository: Path, tmp_path: Path) -> None:
    drawn = tmp_path / "drawn.svg"
    asked = ["cost", "-C", "/", "--requests", "40M", "--plot", str(drawn)]
    assert CliRunner().invoke(cli, asked).exit_code == 0
    assert drawn.read_text() == (repository / "docs/images/crossover.svg").read_text()
