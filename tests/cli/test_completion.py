"""What a shell completes, and how the help of a verb with many options reads."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ferryman.core.errors import ConfigError

SHELLS = [shell for shell in ("bash", "zsh", "fish") if shutil.which(shell)]


def ferryman(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(Path(sys.executable).with_name("ferryman")), *arguments],
        capture_output=True,
        text=True,
        env=os.environ | variables,
        check=False,
    )


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("ferryman mi", "migrate"),
        ("ferryman build -t l", "lambda"),
        ("ferryman measure --target s", "server"),
        ("ferryman cost --region eu-west-", "eu-west-1"),
        ("ferryman cost --platform lambda-u", "lambda-url"),
        ("ferryman cost --advise", "--advise-memory"),
    ],
)
def test_bash_completes_commands_options_and_values(line: str, found: str) -> None:
    script = ferryman("completion", "bash").stdout
    words = line.split()
    ask = (
        f"{script}\nCOMP_WORDS=({line}); COMP_CWORD={len(words) - 1}\n"
        f"_ferryman_completion ferryman\nprintf '%s\\n' \"${{COMPREPLY[@]}}\""
    )
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    done = subprocess.run(
        ["bash", "-c", ask], capture_output=True, text=True, env=os.environ | {"PATH": path}
    )
    assert found in done.stdout.splitlines(), done


@pytest.mark.parametrize("shell", SHELLS)
def test_a_shell_takes_its_script(shell: str, tmp_path: Path) -> None:
    (tmp_path / "script").write_text(ferryman("completion", shell).stdout)
    done = subprocess.run([shell, "-n", str(tmp_path / "script")], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_help_of_cost_is_in_groups_and_says_what_each_option_takes() -> None:
    done = ferryman("cost", "--help", COLUMNS="60")
    for group in ("The traffic, and what a request needs:", "How servers are sized"):
        assert group in done.stdout
    assert " TEXT" not in done.stdout
    assert "--cpu-ms MS" in done.stdout
    wide = [line for line in done.stdout.splitlines() if len(line) > 60]
    assert [line.split()[:2] for line in wide] == [["ferryman", "cost"]]  # to be copied whole


def test_an_error_names_the_option_and_not_the_field() -> None:
    done = ferryman("cost", "--peak", "0.5")
    assert done.returncode == 2
    assert "--peak: 0.5 is out of range" in done.stderr
    assert "peak_to_mean" not in done.stderr


def test_a_key_of_the_target_needs_no_prefix(tmp_path: Path) -> None:
    from ferryman.cli.project_options import open_target

    (tmp_path / "pyproject.toml").write_text('[tool.ferryman]\napp = "shop:app"\n')
    common = {"directory": tmp_path, "overlay": None, "app": None, "python": None}
    _, project = open_target("lambda", **common, assignments=("memory=256", "server.keep_alive=90"))
    target, _ = open_target("lambda", **common, assignments=())
    assert project.section("lambda", target.options).memory == 256  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match="there is no setting 'memroy'"):
        open_target("lambda", **common, assignments=("memroy=256",))
