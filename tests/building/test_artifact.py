"""A build's files appear whole or not at all, and their description tells them apart."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from ferryman.building.artifact import (
    describe,
    read_description,
    staged,
    tree_digest,
    write_description,
)
from ferryman.core.errors import BuildError, ConfigError


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def contents(directory: Path) -> dict[str, str]:
    return {
        path.relative_to(directory).as_posix(): path.read_text()
        for path in directory.rglob("*")
        if path.is_file()
    }


def write(directory: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return directory


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "dist" / "deep" / "boat"


def test_what_was_staged_takes_the_place_of_what_was_there(out: Path) -> None:
    for files in ({"a": "1", "sub/b": "1"}, {"a": "2"}):
        with staged(out) as stage:
            write(stage, files)
            assert out not in stage.parents
        assert contents(out) == files
    assert names(out.parent) == ["boat"]


def build_and_fail(out: Path, error: BaseException) -> None:
    with staged(out) as stage:
        write(stage, {"a": "new"})
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, BuildError])
@pytest.mark.parametrize("before", [None, {"a": "old"}])
def test_a_failed_build_leaves_what_was_there(
    out: Path, tmp_path: Path, error: Callable[[str], BaseException], before: dict[str, str] | None
) -> None:
    if before:
        write(out, before)
    kept = contents(tmp_path)
    with pytest.raises(type(error("no"))):
        build_and_fail(out, error("no"))
    assert contents(tmp_path) == kept
    assert names(tmp_path) == (["dist"] if before else [])


def test_a_directory_above_that_holds_something_else_by_now_is_kept(out: Path) -> None:
    with staged(out.with_name("first")):
        with pytest.raises(ValueError):
            build_and_fail(out, ValueError("no"))
        assert out.parent.is_dir()
    assert names(out.parent) == ["first"]


def test_builds_that_fail_beside_it_do_not_take_its_place_away(out: Path) -> None:
    def fail_again_and_again() -> None:
        while not over.is_set():
            with suppress(ValueError):
                build_and_fail(out.with_name("first"), ValueError("no"))

    over = threading.Event()
    other = threading.Thread(target=fail_again_and_again)
    other.start()
    try:
        for _ in range(100):
            with staged(out) as stage:
                write(stage, {"a": "new"})
            assert contents(out) == {"a": "new"}
            shutil.rmtree(out)
            with suppress(OSError):  # the other build works in it, or removed it
                out.parent.rmdir()
    finally:
        over.set()
        other.join()


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "no space")])
@pytest.mark.parametrize("step", [1, 2])
def test_an_interruption_between_the_renames_restores_what_was_there(
    out: Path, monkeypatch: pytest.MonkeyPatch, error: Any, step: int
) -> None:
    write(out, {"a": "old"})
    rename, calls = Path.rename, [0]

    def interrupted(self: Path, target: Path) -> Path:
        calls[0] += 1
        if calls[0] == step:
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", interrupted)
    expected = KeyboardInterrupt if error is KeyboardInterrupt else BuildError
    with pytest.raises(expected), staged(out) as stage:
        write(stage, {"a": "new"})
    assert contents(out.parent) == {"boat/a": "old"}
    assert names(out.parent) == ["boat"]


@pytest.mark.parametrize("name", ["file", "file/boat", "file/lake/boat"])
def test_a_file_in_the_way_stays_as_it_is(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("precious")
    with (
        pytest.raises(ConfigError, match=f"cannot build into {tmp_path / name}") as caught,
        staged(tmp_path / name),
    ):
        raise AssertionError("nothing is begun")
    assert caught.value.cause == f"{tmp_path / 'file'} is a file, not a directory"
    assert "--out" in (caught.value.hint or "")
    assert contents(tmp_path) == {"file": "precious"}


def test_a_directory_that_cannot_be_written_is_told() -> None:
    # Not below pytest's own, which only who runs the tests may enter.
    with tempfile.TemporaryDirectory() as directory:
        place = Path(directory)
        place.chmod(0o555)
        with (
            without_privileges(),
            pytest.raises(BuildError, match="cannot write to"),
            staged(place / "boat"),
        ):
            raise AssertionError("nothing is begun")
        assert contents(place) == {}


@contextmanager
def without_privileges() -> Iterator[None]:
    """Be nobody for a while, if this is root, who may write everywhere."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(user)


@pytest.mark.parametrize("dangling", [False, True])
def test_a_link_is_replaced_and_what_it_leads_to_is_kept(out: Path, dangling: bool) -> None:
    elsewhere = out.parent / "elsewhere"
    if not dangling:
        write(elsewhere, {"a": "kept"})
    out.parent.mkdir(parents=True, exist_ok=True)
    out.symlink_to(elsewhere, target_is_directory=True)
    with staged(out) as stage:
        write(stage, {"a": "new"})
    assert not out.is_symlink()
    assert contents(out) == {"a": "new"}
    assert dangling or contents(elsewhere) == {"a": "kept"}


def test_a_relative_place_is_found_whatever_the_build_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "other").mkdir()
    with staged(Path("boat")) as stage:
        write(stage, {"a": "1"})
        monkeypatch.chdir("other")
    assert contents(tmp_path / "boat") == {"a": "1"}


BUILD_MANY = """
import sys
from pathlib import Path
from ferryman.building.artifact import alone, describe, staged

out, name = Path(sys.argv[1]), sys.argv[2]
for _ in range(20):
    with alone(out.parent):
        with staged(out) as stage:
            for number in range(10):
                (stage / f"{name}{number}").write_text(name)
        assert describe(target="t", name="n", version="1", path=out, start="").files == 10
"""


def test_builds_at_the_same_time_wait_for_each_other(tmp_path: Path) -> None:
    command = [sys.executable, "-c", BUILD_MANY, str(tmp_path / "boat")]
    builders = [subprocess.Popen([*command, name]) for name in "ab"]
    assert [builder.wait(30) for builder in builders] == [0, 0]
    assert len(contents(tmp_path / "boat")) == 10
    assert len(set(contents(tmp_path / "boat").values())) == 1
    assert names(tmp_path) == ["boat"]


def test_the_description_lies_beside_and_tells_size_and_digest(out: Path) -> None:
    write(out, {"a": "123", "sub/b": "45"})
    artifact = describe(target="boat", name="shop", version="1", path=out, start="./go")
    path = write_description(artifact, out)
    assert path == out.parent / "boat.json"
    assert json.loads(path.read_text()) == {
        "target": "boat",
        "name": "shop",
        "version": "1",
        "path": str(out),
        "digest": tree_digest(out),
        "size": 5,
        "files": 2,
        "start": "./go",
        "unpacked": None,
        "layers": [],
        "lacks": [],
        "left_out": [],
        "tried": "",
        "runs_on": "",
        "next": [],
    }
    assert read_description("boat", out) == artifact
    assert names(out.parent) == ["boat", "boat.json"]


def test_a_description_that_cannot_be_written_is_told(out: Path) -> None:
    write(out, {"a": "1"})
    (out.parent / "boat.json").mkdir()
    artifact = describe(target="boat", name="shop", version="1", path=out, start="")
    with pytest.raises(BuildError, match=r"cannot write .*boat\.json"):
        write_description(artifact, out)
    assert names(out.parent) == ["boat", "boat.json"]


def touch_later(tree: Path) -> None:
    os.utime(tree / "a", (1, 1))


def copy_over(tree: Path) -> None:
    shutil.copytree(tree, tree.parent / "other")
    shutil.rmtree(tree)
    shutil.copytree(tree.parent / "other", tree)


CHANGES: dict[str, tuple[Callable[[Path], object], bool]] = {
    "nothing": (lambda tree: None, False),
    "time": (touch_later, False),
    "copied": (copy_over, False),
    "group's mode": (lambda tree: (tree / "a").chmod(0o664), False),
    "an empty directory": (lambda tree: (tree / "empty").mkdir(), False),
    "content": (lambda tree: (tree / "a").write_text("2"), True),
    "name": (lambda tree: (tree / "a").rename(tree / "A"), True),
    "place": (lambda tree: (tree / "sub/b").rename(tree / "b"), True),
    "one more": (lambda tree: (tree / "c").touch(), True),
    "one less": (lambda tree: (tree / "a").unlink(), True),
    "executable": (lambda tree: (tree / "a").chmod(0o755), True),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_digest_tells_what_was_changed_and_nothing_else(tmp_path: Path, change: str) -> None:
    tree = write(tmp_path / "tree", {"a": "1", "sub/b": "1"})
    (tree / "a").chmod(0o644)
    act, differs = CHANGES[change]
    before = tree_digest(tree)
    act(tree)
    assert before.startswith("sha256:")
    assert (tree_digest(tree) != before) is differs


def test_the_digest_does_not_depend_on_the_place(tmp_path: Path) -> None:
    files = {"a": "1", "sub/b": "1", "sub-c": "1"}
    assert tree_digest(write(tmp_path / "x", files)) == tree_digest(write(tmp_path / "y/z", files))
    assert tree_digest(tmp_path / "x/a") == tree_digest(tmp_path / "y/z/sub/b")


def test_what_a_killed_build_left_is_removed_a_day_later(tmp_path: Path) -> None:
    old, new = tmp_path / ".boat-old.building", tmp_path / ".boat-new.building"
    own = tmp_path / ".boat-data"  # the user's, and of a similar name
    yesterday = time.time() - 90_000
    for left in (old, new, own):
        (left / "new").mkdir(parents=True)
    for left in (old, own):
        os.utime(left, (yesterday, yesterday))
    with staged(tmp_path / "boat"):
        pass
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == [".boat-data", ".boat-new.building", "boat"]
