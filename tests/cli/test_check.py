from __future__ import annotations

import json
from pathlib import Path

from click.testing import CliRunner, Result

from ferryman.cli.check import command
from ferryman.core.errors import ConfigError


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, arguments, standalone_mode=False)


def test_findings_are_printed_and_end_with_1(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: A}\n"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    result = run("-t", "k8s", str(tmp_path))
    assert result.return_value == 1
    assert result.stdout.startswith("a.yaml: K101 ConfigMap/A metadata.name: 'A' is no name")
    (finding,) = json.loads(run("-t", "k8s", "--json", str(tmp_path)).stdout)
    assert (finding["code"], finding["file"]) == ("K101", "a.yaml")


def test_no_findings_end_with_0(tmp_path: Path) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    result = run("-t", "k8s", str(tmp_path))
    assert (result.return_value, result.stdout) == (0, "")
    assert "no findings" in result.stderr


def test_a_target_without_checks_is_refused(tmp_path: Path) -> None:
    result = run("-t", "lambda", str(tmp_path))
    assert isinstance(result.exception, ConfigError)
    assert "lambda has no checks" in result.exception.message
