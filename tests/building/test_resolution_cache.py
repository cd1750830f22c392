"""An index is not asked again for what it said a moment ago."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferryman.building.resolution_cache import resolved_lately
from ferryman.core.errors import ConfigError


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("time.time", lambda: 6000.0)


class Index:
    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> tuple[str, ...]:
        self.asked += 1
        return ("oar==1 --hash=sha256:00",)


def ask(index: Index, root: Path, *lines: str, about: object = "3.13") -> tuple[str, ...]:
    return resolved_lately(lines or ("oar",), about, root, root / "scratch", index)


def test_the_second_time_within_ten_minutes_gives_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = Index()
    assert ask(index, tmp_path) == ask(index, tmp_path) == ("oar==1 --hash=sha256:00",)
    assert index.asked == 1
    monkeypatch.setattr("time.time", lambda: 6601.0)
    ask(index, tmp_path)
    assert index.asked == 2


def test_whatever_decides_about_the_pins_has_them_resolved_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = Index()
    ask(index, tmp_path)
    ask(index, tmp_path, "oar>=1")
    ask(index, tmp_path, about="3.12")
    (tmp_path / "uv.toml").write_text('index-url = "https://one.example/simple"')
    ask(index, tmp_path)
    monkeypatch.setenv("UV_INDEX_URL", "https://two.example/simple")
    ask(index, tmp_path)
    assert index.asked == 5


@pytest.mark.parametrize("line", ["--find-links wheels", "oar @ file:///tmp/oar-1.whl"])
def test_files_of_this_machine_are_looked_at_each_time(line: str, tmp_path: Path) -> None:
    index = Index()
    ask(index, tmp_path, line)
    ask(index, tmp_path, line)
    assert index.asked == 2


def test_no_secret_of_an_index_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_INDEX_URL", "https://me:secret@one.example/simple")
    ask(Index(), tmp_path)
    kept = [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
    assert kept
    assert not any(b"secret" in path.read_bytes() or "secret" in path.name for path in kept)


def test_what_cannot_be_resolved_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> tuple[str, ...]:
        raise ConfigError("there is no set of wheels")

    with pytest.raises(ConfigError):
        resolved_lately(("oar",), "", tmp_path, tmp_path / "scratch", fail)
    assert not [*(tmp_path / "cache" / "ferryman" / "pins").iterdir()]
