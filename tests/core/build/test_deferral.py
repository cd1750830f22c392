"""A package whose re-exports are deferred is the same to whoever imports it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from ferryman.core.build.deferral import defer_reexports

ORIGINAL = """\
from typing import TYPE_CHECKING

from . import marks as marks
from .sail import (
    hoist,
    lower as strike,
)

if TYPE_CHECKING:
    from .late import Late

__all__ = ("hoist", "strike", "Late")


def __dir__():
    return __all__


def __getattr__(name):
    if name == "Late":
        from .late import Late

        return Late
    raise AttributeError(f"no {name}")
"""

QUESTIONS = """
import sys
import ship
assert "ship.sail" not in sys.modules and "ship.marks" in sys.modules
assert ship.strike() == "down"
assert ship.strike is ship.sail.lower
from ship import hoist, Late
assert hoist() == "up" and Late == "late"
assert dir(ship) == ["Late", "hoist", "strike"]
from ship import *
try:
    ship.nothing
except AttributeError as error:
    assert "nothing" in str(error)
else:
    raise AssertionError
"""


def test_names_come_when_they_are_asked_for(tmp_path: Path) -> None:
    package = tmp_path / "ship"
    package.mkdir()
    text = defer_reexports(ORIGINAL)
    assert text is not None
    (package / "__init__.py").write_text(text)
    (package / "marks.py").write_text("")
    (package / "late.py").write_text("Late = 'late'")
    (package / "sail.py").write_text("def hoist(): return 'up'\ndef lower(): return 'down'\n")
    subprocess.run([sys.executable, "-c", QUESTIONS], cwd=tmp_path, check=True)


def test_lines_stay_where_they_were() -> None:
    text = defer_reexports(ORIGINAL)
    assert text is not None
    line = "def __dir__():"
    assert text.splitlines().index(line) == ORIGINAL.splitlines().index(line)


@pytest.mark.parametrize(
    "source",
    [
        "import os",
        "from .sail import *",
        "from .sail import hoist\nmast = hoist()",
        "from . import a",
    ],
)
def test_what_could_break_is_left_alone(source: str) -> None:
    assert defer_reexports(source) is None


AIOHTTP = """
import sys
import aiohttp.web
assert "aiohttp.client" not in sys.modules, "the client is imported"
for name in sys.argv[1].split():
    assert getattr(aiohttp, name, None) is not None or "Gunicorn" in name, name
import aiohttp.client
assert aiohttp.ClientSession is aiohttp.client.ClientSession
assert aiohttp.client_exceptions.ClientError is aiohttp.ClientError
"""


def test_aiohttp_gives_all_its_names_and_its_server_without_the_client(tmp_path: Path) -> None:
    import shutil

    home = Path(aiohttp.__file__).parent
    shutil.copytree(home, tmp_path / "aiohttp")
    text = defer_reexports((home / "__init__.py").read_text())
    assert text is not None
    (tmp_path / "aiohttp" / "__init__.py").write_text(text)
    subprocess.run(
        [sys.executable, "-c", AIOHTTP, " ".join(aiohttp.__all__)], cwd=tmp_path, check=True
    )
