"""The architecture page shows the import contracts and the rooms that there are."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from scripts.architecture_picture import PICTURE, contracts, layers, picture, shipping, siblings

import ferryman

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "ferryman"
PAGE = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")


def test_the_picture_is_that_of_the_import_contracts() -> None:
    assert PICTURE.read_text(encoding="utf-8") == picture(), "run `make docs`"


def test_every_room_is_in_a_layer_and_on_the_page() -> None:
    drawn = {room.partition(".")[0] for layer in layers(contracts()) for room in layer}
    rooms = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert rooms | {"pytest_plugin"} == drawn
    rows = re.findall(r"^\| (`.+?`) \|", PAGE, re.MULTILINE)
    told = {name for row in rows for name in re.findall(r"`([\w/]+)`", row)}
    assert {*rooms, *(name.replace(".", "/") for name in shipping(contracts()))} <= told


def test_every_target_is_drawn() -> None:
    targets = {f"targets.{path.parent.name}" for path in SOURCE.glob("targets/*/__init__.py")}
    assert targets == set(siblings(contracts()))


def test_a_file_name_that_stands_in_several_rooms_has_its_role_on_the_page() -> None:
    files = Counter(path.name for path in SOURCE.rglob("*.py"))
    several = {name for name, count in files.items() if count > 1}
    section = PAGE.partition("## File names")[2]
    told = re.findall(r"`([\w]+\.py)`", section)
    assert sorted(told) == sorted(several), "each name has its role, and each role a name"


def test_the_public_names_are_there() -> None:
    assert "`ferryman.__all__`" in PAGE
    assert all(hasattr(ferryman, name) for name in ferryman.__all__)
    assert (SOURCE / "targets" / "protocols.py").is_file()
