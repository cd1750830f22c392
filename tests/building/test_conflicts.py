"""A version that a project pins, and that a target cannot run with."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferryman.building.conflicts import hold_pins_to
from ferryman.core.errors import ConfigError

NEEDED = ("aiohttp>=3.11,<4", "gunicorn>=26.1,<28")


@pytest.mark.parametrize(
    "pin",
    [
        "aiohttp==3.9.5",
        "aiohttp[speedups] == 3.10.11",
        "aiohttp==3.9.5 --hash=sha256:0",
        "AIOHTTP===3.9.5",
    ],
)
def test_a_pin_below_the_floor_is_named_with_its_line(tmp_path: Path, pin: str) -> None:
    place = tmp_path / "requirements.txt"
    place.write_text(f"yarl\n{pin}\n")
    with pytest.raises(ConfigError, match="the server needs aiohttp") as caught:
        hold_pins_to(NEEDED, ("yarl", pin), place, "server")
    assert "requirements.txt:2 pins 3." in str(caught.value)


@pytest.mark.parametrize(
    "line", ["aiohttp==3.11.18", "aiohttp>=3.9", "aiohttp", "aiohttp==3.9.*", "aiohttp-cors==0.8.1"]
)
def test_what_fits_or_is_no_pin_is_left_to_the_resolver(tmp_path: Path, line: str) -> None:
    held = hold_pins_to(NEEDED, (line,), tmp_path / "requirements.txt", "server")
    assert held == ((line,), ())


def test_a_pin_of_the_program_that_runs_the_app_gives_way(tmp_path: Path) -> None:
    lines = ("gunicorn==23.0.0 --hash=sha256:0", "yarl==1.20")
    place = tmp_path / "requirements.txt"
    place.write_text("yarl==1.20\ngunicorn==23.0.0\n")
    held = hold_pins_to(NEEDED, lines, place, "server", ("gunicorn",))
    said = (
        "the server needs gunicorn<28,>=26.1; requirements.txt:2 pins 23.0.0, which does not ship"
    )
    assert held == (("yarl==1.20",), (said,))
