"""What is made once is made whole, also when several make it at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ferryman.building.cache import cache_directory, cached, home_directory, made_once
from ferryman.building.uv import run_uv


def write(directory: Path) -> None:
    (directory / "a").write_text("1")


def refuse(_: Path) -> None:
    raise AssertionError("it is made a second time")


def test_it_is_made_once(tmp_path: Path) -> None:
    first = made_once(tmp_path / "home", "key", write)
    assert made_once(tmp_path / "home", "key", refuse) == first
    assert (first / "a").read_text() == "1"


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_what_breaks_off_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    def fail(directory: Path) -> None:
        write(directory)
        raise error

    with pytest.raises((KeyboardInterrupt, OSError)):
        made_once(tmp_path, "key", fail)
    assert list(tmp_path.iterdir()) == []
    assert (made_once(tmp_path, "key", write) / "a").is_file()


def test_a_directory_without_its_mark_is_not_taken_for_whole(tmp_path: Path) -> None:
    (tmp_path / "key").mkdir()
    assert (made_once(tmp_path, "key", write) / "a").is_file()


def test_what_no_build_has_used_for_long_is_removed(tmp_path: Path) -> None:
    old, used = (made_once(tmp_path, key, write) for key in ("old", "used"))
    for place in (old, used):
        os.utime(place / ".done", (1, 1))
    made_once(tmp_path, "used", refuse)
    made_once(tmp_path, "new", write)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "used"]


MAKE = """
import sys
from pathlib import Path
from ferryman.building.cache import made_once

def fill(directory):
    for number in range(200):
        (directory / str(number)).write_text("x")

for key in range(20):
    assert len(list(made_once(Path(sys.argv[1]), str(key), fill).iterdir())) == 201
"""


def test_builds_at_the_same_time_share_it(tmp_path: Path) -> None:
    makers = [subprocess.Popen([sys.executable, "-c", MAKE, str(tmp_path)]) for _ in range(2)]
    assert [maker.wait(60) for maker in makers] == [0, 0]
    assert len(list(tmp_path.iterdir())) == 20


@pytest.mark.parametrize("relative", ["", "not/absolute"])
def test_the_cache_is_where_the_user_keeps_caches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, relative: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", relative)
    assert cache_directory() == tmp_path / ".cache" / "ferryman"
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert cache_directory() == tmp_path / "elsewhere" / "ferryman"


@pytest.mark.parametrize("place", ["file", "file/below", "/proc/none", "/dev/null"])
def test_without_a_usable_cache_a_build_makes_it_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / place))
    made = cached("kind", "key", write, tmp_path / "scratch")
    assert made == tmp_path / "scratch" / "kind" / "key"
    assert (made / "a").is_file()


def test_what_fails_is_made_once_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    tries = []

    def fail(directory: Path) -> None:
        tries.append(directory)
        raise PermissionError(13, "Permission denied", "the app's file")

    with pytest.raises(PermissionError):
        cached("kind", "key", fail, tmp_path / "scratch")
    assert len(tries) == 1


@pytest.mark.parametrize("home", ["relative", None])
def test_a_user_without_a_home_has_no_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str | None
) -> None:
    """As in a container with `--user 12345`; a relative one would be in the project."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if home is None:
        monkeypatch.delenv("HOME")
        monkeypatch.setattr(os, "getuid", lambda: 12345)
    else:
        monkeypatch.setenv("HOME", home)
    assert home_directory() == Path(os.devnull)
    assert (cached("kind", "key", write, tmp_path / "scratch") / "a").is_file()
    run_uv(("pip", "compile", "--no-header", "-"), (), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scratch"]
