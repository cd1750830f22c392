from __future__ import annotations

import builtins
from pathlib import Path
from typing import Any

import pytest

from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.cost import Comparison, Workload, compare
from ferryman.cost.figures import volume
from ferryman.cost.picture import save


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare(Workload.of(requests=10_000_000, wall_ms=80, cpu_ms=8))


@pytest.mark.parametrize("suffix", [".svg", ".png", ".SVG"])
def test_the_same_comparison_gives_the_same_bytes(
    found: Comparison, tmp_path: Path, suffix: str
) -> None:
    one, two = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
    save(found, one)
    save(found, two)
    assert one.read_bytes() == two.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [one.name, two.name]


def test_the_lines_and_the_crossovers_carry_labels(found: Comparison, tmp_path: Path) -> None:
    save(found, tmp_path / "cost.svg")
    text = (tmp_path / "cost.svg").read_text()
    for platform in found.platforms:
        assert f">{platform.name}<" in text
    for duel in found.duels:
        assert f">{volume(duel.changes[0].requests)}<" in text
    assert "<dc:date>" not in text
    assert "Matplotlib v" not in text


def test_another_suffix_is_refused(found: Comparison, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot draw a \.jpg"):
        save(found, tmp_path / "cost.jpg")


def test_a_picture_that_fails_leaves_the_old_one(
    found: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cost.svg"
    path.write_text("old")

    def full_disk(*_: Any, **__: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", full_disk)
    with pytest.raises(FerrymanError, match="cannot be written") as caught:
        save(found, path)
    assert caught.value.cause == "no space left on device"
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["cost.svg"]


def test_a_missing_directory_is_said(found: Comparison, tmp_path: Path) -> None:
    with pytest.raises(FerrymanError, match="cannot be written"):
        save(found, tmp_path / "nowhere" / "cost.svg")


def test_without_matplotlib_the_extra_is_named(
    found: Comparison, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name.partition(".")[0] == "matplotlib":
            raise ImportError("No module named 'matplotlib'")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(FerrymanError, match="matplotlib is not installed") as caught:
        save(found, tmp_path / "cost.svg")
    assert caught.value.hint == 'pip install "ferryman[cost]"'
    assert not list(tmp_path.iterdir())
