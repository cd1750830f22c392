"""`ferryman build`, as a shell sees it: what it leaves, prints and refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pydantic import BaseModel

from ferryman.building.artifact import Artifact, describe, staged
from ferryman.cli.main import cli
from ferryman.core.errors import BuildError, ConfigError
from ferryman.project.project import Project
from ferryman.records.progress import Progress
from ferryman.targets import registry


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


class Options(BaseModel):
    cargo: str = "fish"


class Boat:
    """A target that writes one file, and fails when its cargo is `stones`."""

    name = "boat"
    summary = "a boat"
    options = Options

    def build(self, project: Project, out: Path, progress: Progress) -> Artifact:
        progress("loading")
        cargo = project.section("boat", Options).cargo
        with staged(out) as stage:
            (stage / "cargo").write_text(cargo)
            if cargo == "stones":
                raise BuildError("the boat sank")
        return describe(target="boat", name="shop", version="1", path=out, start="row")


@pytest.fixture(autouse=True)
def boat(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("FERRYMAN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(registry, "installed_targets", lambda: {"boat": Boat()})


def build(root: Path, *arguments: str) -> Result:
    command = ["build", "-t", "boat", "-C", str(root), *arguments]
    return CliRunner().invoke(cli, command, catch_exceptions=True)


def test_the_artifact_lies_in_dist_with_its_description_beside(tmp_path: Path) -> None:
    done = build(tmp_path)
    assert done.exit_code == 0, done.output
    assert names(tmp_path / "dist") == ["boat", "boat.json"]
    described = json.loads((tmp_path / "dist/boat.json").read_text())
    assert done.stdout.split() == [described["path"], "4", "bytes", described["digest"]]
    assert done.stderr == "start: row\n"


def test_the_description_is_printed_as_json(tmp_path: Path) -> None:
    done = build(tmp_path, "--json")
    assert json.loads(done.stdout) == json.loads((tmp_path / "dist/boat.json").read_text())
    assert done.stderr == ""


def test_the_same_input_gives_the_same_digest(tmp_path: Path) -> None:
    digests = {json.loads(build(tmp_path, "--json").stdout)["digest"] for _ in range(2)}
    other = json.loads(build(tmp_path, "--json", "--set", "boat.cargo=salt").stdout)["digest"]
    assert len(digests) == 1
    assert other not in digests


def test_a_failed_build_leaves_no_directory_behind(tmp_path: Path) -> None:
    done = build(tmp_path, "--set", "boat.cargo=stones")
    assert isinstance(done.exception, BuildError)
    assert names(tmp_path) == []


def test_a_failed_build_leaves_the_earlier_one(tmp_path: Path) -> None:
    build(tmp_path)
    described = (tmp_path / "dist/boat.json").read_text()
    build(tmp_path, "--set", "boat.cargo=stones")
    assert (tmp_path / "dist/boat/cargo").read_text() == "fish"
    assert (tmp_path / "dist/boat.json").read_text() == described
    assert names(tmp_path / "dist") == ["boat", "boat.json"]


def test_another_directory_can_be_named_and_built_into_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    project.mkdir()
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    for _ in range(2):
        done = build(project, "-o", "new/harbour")
        assert done.exit_code == 0, done.output
        assert (elsewhere / "new/harbour/cargo").is_file()
        assert (elsewhere / "new/boat.json").is_file()
    assert names(project) == []


@pytest.mark.parametrize(
    ("out", "cause"),
    [
        (".", "the project lies in it"),
        ("..", "the project lies in it"),
        ("/", "the project lies in it"),
        ("src", "no build of ferryman made"),
        ("link", "no build of ferryman made"),
        ("app.py", "is a file, not a directory"),
    ],
)
def test_the_work_of_others_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str, cause: str
) -> None:
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / "src/shop.py").write_text("precious")
    (root / "app.py").write_text("precious")
    (root / "link").symlink_to("src")
    monkeypatch.chdir(root)
    done = build(root, "-o", out)
    assert isinstance(done.exception, ConfigError)
    assert cause in (done.exception.cause or "")
    assert names(root) == ["app.py", "link", "src"]
    assert (root / "src/shop.py").read_text() == "precious"


def test_an_empty_directory_can_be_built_into(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert build(tmp_path, "-o", str(tmp_path / "empty")).exit_code == 0
    assert (tmp_path / "empty/cargo").is_file()


@pytest.mark.parametrize(
    ("files", "arguments", "status", "said"),
    [
        ({}, [], 2, "the project names no app"),
        ({}, ["--app", "nothing:app"], 1, "there is no module 'nothing'"),
        ({"app.py": ""}, ["--app", "app:app"], 3, "has no attribute 'app'"),
        ({"app.py": "def ("}, ["--app", "app:app", "--python", "3.11"], 1, "not valid Python"),
        ({"app.py": "app = 1"}, ["--app", "app:app", "--python", "3.2"], 2, "Python 3.2"),
        ({"app.py": "app = 1"}, ["--app", "app"], 2, "'app' is not an app reference"),
        ({"app.py": "app = 1"}, ["--app", "app:app", "--strict"], 2, "--strict: the target lambda"),
        ({"app.py": "app = 1"}, ["--app", "app:app", "--systemd"], 2, "--systemd: the target"),
        ({"app.py": "app = 1"}, ["--app", "app:app", "-t", "k8s", "--image"], 2, "makes no image"),
        (
            {"app.py": "app = 1"},
            ["--app", "app:app", "-t", "server", "--set", "server.bind=8000"],
            2,
            "bind = '8000' is not what it takes",
        ),
        (
            {"app.py": "app = 1", "r.txt": "six\nsix=="},
            ["--app", "app:app", "--set", "requirements=r.txt"],
            2,
            "r.txt:2: 'six==' is not a requirement",
        ),
        (
            {"app.py": "app = 1", "r.txt": "--only-binary :all:\nuwsgi"},
            ["--app", "app:app", "--set", "requirements=r.txt"],
            2,
            "there is no set of wheels",
        ),
    ],
)
def test_each_failure_has_its_status_and_leaves_nothing(
    tmp_path: Path, files: dict[str, str], arguments: list[str], status: int, said: str
) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "ferryman", "build", "-t", "lambda", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr.splitlines()[0]
    assert "Traceback" not in done.stderr
    assert names(tmp_path) == sorted(files)
