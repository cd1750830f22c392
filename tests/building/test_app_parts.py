"""Names that differ in case alone are told: not every file system keeps both."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferryman.building.app_parts import case_clashes, gather_app
from ferryman.project.resolution import resolve_project


@pytest.mark.parametrize(
    ("places", "told"),
    [
        (["boats/Mast.py", "boats/mast.py"], ["boats/Mast.py and boats/mast.py differ"]),
        (["Static/a.css", "static/b.css"], ["Static and static differ"]),
        (["Static/a.css", "static/a.css"], ["Static and static differ"]),
        (["straße/a", "STRASSE/a"], ["STRASSE and straße differ"]),
        (["boats/a.py", "boats/b.py", "docks/a.py"], []),
    ],
)
def test_each_pair_is_told_once(places: list[str], told: list[str]) -> None:
    assert [note.partition(" in case")[0] for note in case_clashes(places)] == told


def test_a_build_tells_it(tmp_path: Path) -> None:
    for name in ("__init__.py", "Mast.py", "mast.py"):
        (tmp_path / "boats").mkdir(exist_ok=True)
        (tmp_path / "boats" / name).write_text("app = 1\n")
    project = resolve_project(tmp_path, {}, flags={"app": "boats:app"})
    (note,) = gather_app(project, tmp_path / "scratch", lambda _: None).notes
    assert note.startswith("boats/Mast.py and boats/mast.py differ in case alone")
