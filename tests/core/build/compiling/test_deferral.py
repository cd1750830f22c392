"""A module whose imports wait is the same to whoever imports it, and to itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from ferryman.core.build.bytecode import Compilation, Interpreter, compile_files

SHIP = """\
from typing import TYPE_CHECKING

from . import marks as marks
from .sail import (
    hoist,
    lower as strike,
)
from .harbour import Harbour

if TYPE_CHECKING:
    from .late import Late

__all__ = ("hoist", "strike", "Late")


class Berth(Harbour):
    def moor(self, sail: "hoist") -> str:
        def quietly():
            return strike()

        return quietly()


async def depart():
    "Say how."
    return hoist(), [hoist() for _ in range(2)]


def __dir__():
    return __all__


def __getattr__(name):
    if name == "Late":
        from .late import Late

        return Late
    raise AttributeError(f"no {name}")
"""

QUESTIONS = """
import asyncio, sys
import ship
assert not {"ship.sail", "ship.marks"} & sys.modules.keys(), "they are imported at once"
assert "ship.harbour" in sys.modules, "a class cannot be without its base"
assert ship.Berth().moor(None) == "down"
assert "ship.sail" in sys.modules
assert asyncio.run(ship.depart()) == ("up", ["up", "up"]) and ship.depart.__doc__ == "Say how."
assert ship.strike is ship.sail.lower
assert ship.marks.height == 3
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


def write_deferred(directory: Path, sources: dict[str, str]) -> None:
    """Leave the bytecode of modules, whose imports wait, in the place of their sources."""
    compilations = []
    for place, text in sources.items():
        path = directory / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        compilations.append(Compilation(path, path.with_suffix(".pyc"), f"/task/{place}", True))
    assert not compile_files(Interpreter(sys.executable, "", ""), compilations)
    for one in compilations:
        one.source.unlink()


def ask(directory: Path, questions: str, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", questions, *arguments],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_names_come_when_they_are_used_or_asked_for(tmp_path: Path) -> None:
    write_deferred(
        tmp_path,
        {
            "ship/__init__.py": SHIP,
            "ship/marks.py": "height = 3",
            "ship/late.py": "Late = 'late'",
            "ship/harbour.py": "class Harbour: pass",
            "ship/sail.py": "def hoist(): return 'up'\ndef lower(): return 'down'\n",
        },
    )
    ask(tmp_path, QUESTIONS)


EAGER = {
    "a base": "import uuid\nclass Berth(uuid.UUID): pass",
    "a default": "import uuid\ndef moor(at=uuid.NAMESPACE_DNS): pass",
    "a decorator": "import uuid\n@uuid.UUID.__class__\ndef moor(): pass",
    "a lambda": "import uuid\nmoor = lambda: uuid.uuid4()",
    "bound twice": "import uuid\ndef moor():\n    uuid = 3\n    return uuid",
    "a parameter": "import uuid\ndef moor(uuid): return uuid",
    "a condition": "if True:\n    import uuid\ndef moor(): return uuid.uuid4()",
    "a builtin's name": "from uuid import uuid4 as hash\ndef moor(): return hash()",
    "a field's annotation": "import uuid\nclass Berth:\n    at: uuid.UUID",
}


@pytest.mark.parametrize("source", EAGER.values(), ids=EAGER.keys())
def test_what_could_break_is_imported_at_once(source: str, tmp_path: Path) -> None:
    write_deferred(tmp_path, {"ship.py": source})
    ask(tmp_path, "import sys, ship; assert 'uuid' in sys.modules")


def test_a_test_may_still_replace_what_a_module_imports(tmp_path: Path) -> None:
    write_deferred(tmp_path, {"ship.py": "from uuid import uuid4\ndef number(): return uuid4()"})
    ask(tmp_path, "import ship; ship.uuid4 = lambda: 7; assert ship.number() == 7")


def test_a_traceback_shows_the_line_of_the_source(tmp_path: Path) -> None:
    source = "from uuid import UUID\n\n\ndef number():\n    return UUID('no')\n"
    write_deferred(tmp_path, {"ship.py": source})
    ask(
        tmp_path,
        "import ship, traceback\n"
        "try: ship.number()\n"
        "except ValueError as error:\n"
        "    frames = traceback.extract_tb(error.__traceback__)\n"
        "    assert (frames[1].filename, frames[1].lineno) == ('/task/ship.py', 5), frames\n",
    )


AIOHTTP = """
import sys
import aiohttp.web
late = ("aiohttp.client", "aiohttp.web_ws", "aiohttp.multipart", "urllib.request", "argparse")
assert not set(late) & sys.modules.keys(), set(late) & sys.modules.keys()
for name in aiohttp.web.__all__:
    assert getattr(aiohttp.web, name) is not None, name
for name in aiohttp.__all__:
    assert getattr(aiohttp, name, None) is not None or "Gunicorn" in name, name
import aiohttp.client
assert aiohttp.ClientSession is aiohttp.client.ClientSession
assert aiohttp.client_exceptions.ClientError is aiohttp.ClientError
"""


def test_aiohttp_gives_all_its_names_and_its_server_without_the_rest(tmp_path: Path) -> None:
    import shutil

    home = Path(aiohttp.__file__).parent
    shutil.copytree(home, tmp_path / "aiohttp")
    sources = {
        str(path.relative_to(home.parent)): path.read_text()
        for path in home.rglob("*.py")
        if "pytest" not in path.name
    }
    write_deferred(tmp_path, sources)
    ask(tmp_path, AIOHTTP)
