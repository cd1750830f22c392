"""What a wheel brings and nothing imports stays behind, each file with its reason."""

from __future__ import annotations

import pytest

from ferryman.core.build.pruning import choose_dropped

KEPT = [
    "oar/__init__.py",
    "oar/testing.py",
    "oar/tests.py",
    "oar/bin/engine",
    "oar/data.json",
    "oar/cli.cpython-313-x86_64-linux-gnu.so",
    "oar-1.dist-info/METADATA",
    "oar-1.dist-info/entry_points.txt",
    "oar-1.dist-info/licenses/LICENSE",
    "oar/RECORD",
]


@pytest.mark.parametrize("place", KEPT)
def test_what_may_be_used_is_kept(place: str) -> None:
    assert choose_dropped([place]) == {}


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("oar/tests/test_a.py", "tests"),
        ("oar/test/a.py", "tests"),
        ("oar/test_b.py", "tests"),
        ("oar/_testcapi.so", "tests"),
        ("oar/a.pyi", "for type checkers"),
        ("oar/py.typed", "for type checkers"),
        ("oar/a.c", "C source"),
        ("oar/a.pyx", "Cython source"),
        ("oar/__pycache__/a.cpython-313.pyc", "bytecode of another build"),
        ("oar-1.dist-info/RECORD", "an installer's notes"),
        ("bin/oar", "a script of the command line"),
    ],
)
def test_what_nothing_imports_is_dropped_with_its_reason(place: str, reason: str) -> None:
    assert choose_dropped([*KEPT, place]) == {place: reason}


def test_a_source_behind_an_extension_of_its_name_is_dropped() -> None:
    extension = "oar/fast.cpython-313-x86_64-linux-gnu.so"
    assert list(choose_dropped([extension, "oar/fast.py", "oar/fast_pure.py"])) == ["oar/fast.py"]


def test_the_project_drops_and_keeps_and_keeping_goes_first() -> None:
    places = ["oar/a.py", "oar/b.py", "oar/tests/a.py", "mast/a.py"]
    dropped = choose_dropped(places, keep=["oar/tests/*", "*/b.py"], drop=["oar/*"])
    assert dropped == {"oar/a.py": "drop = 'oar/*'"}
