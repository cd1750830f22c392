from __future__ import annotations

from pathlib import Path

import pytest

from ferryman.targets.k8s.sound_before import unless_sound_before


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Checks:
    """Finds the same each time, and counts how often it was asked."""

    def __init__(self, *found: str) -> None:
        self.found, self.times = found, 0

    def __call__(self) -> tuple[str, ...]:
        self.times += 1
        return self.found


def test_what_was_sound_is_checked_once() -> None:
    checks = Checks()
    for _ in range(2):
        assert unless_sound_before(("1.37", {"replicas": 2}), checks) == ()
    assert checks.times == 1


def test_what_differs_in_a_type_alone_is_checked() -> None:
    unless_sound_before(("1.37", {"replicas": 2}), Checks())
    assert unless_sound_before(("1.37", {"replicas": "2"}), Checks("a number")) == ("a number",)


def test_mistakes_are_told_each_time() -> None:
    checks = Checks("1 mistake")
    for _ in range(2):
        assert unless_sound_before(("1.37", {}), checks) == ("1 mistake",)


def test_a_cache_that_cannot_be_written_stands_in_no_way(own_cache: Path) -> None:
    own_cache.write_text("a file, where the directory would be")
    assert unless_sound_before(("1.37", {}), Checks("1 mistake")) == ("1 mistake",)
    assert unless_sound_before(("1.37", {}), Checks()) == ()
