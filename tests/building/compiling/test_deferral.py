"""A module whose definitions wait is the same to its importer, and to itself."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest
from tests.unmeasured import unmeasured

from ferryman.building.bytecode import Compilation, Deferral, Interpreter, compile_files

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
late = {"ship.sail", "ship.marks"}
assert not late & sys.modules.keys(), "they are imported at once"
assert ship.harbour.Harbour.__subclasses__() == [ship.Berth]
assert (ship.Berth.__module__, ship.Berth.__qualname__) == ("ship", "Berth")
assert ship.Berth.moor.__qualname__ == "Berth.moor"
assert "ship.sail" not in sys.modules
assert ship.Berth().moor(None) == "down"
assert "ship.sail" in sys.modules
assert asyncio.run(ship.depart()) == ("up", ["up", "up"])
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
        compilations.append(
            Compilation(path, path.with_suffix(".pyc"), f"/task/{place}", Deferral())
        )
    assert not compile_files(Interpreter(sys.executable, "", ""), compilations)
    for one in compilations:
        one.source.unlink()


def ask(directory: Path, questions: str, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", questions, *arguments],
        cwd=directory,
        env=unmeasured(),
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
    "a base of what is used": "import uuid\nclass Berth(uuid.UUID): pass\nberth = Berth",
    "a default": "import uuid\ndef moor(at=uuid.NAMESPACE_DNS): pass",
    "a decorator": "import uuid\n@uuid.UUID.__class__\ndef moor(): pass",
    "a lambda": "import uuid\nmoor = lambda: uuid.uuid4()",
    "bound twice": "import uuid\nuuid = uuid",
    "bound by a function": "import uuid\ndef moor():\n    global uuid\n    uuid = 3",
    "a condition": "if True:\n    import uuid\ndef moor(): return uuid.uuid4()",
    "a builtin's name": "from uuid import uuid4 as hash\ndef moor(): return hash()",
    "a class that is registered": "import uuid\n@list().append\nclass Berth(uuid.UUID): pass",
    "a class by a changing name": "import uuid\na = 1\nclass Berth(uuid.UUID): b = a\na = 2",
}


@pytest.mark.parametrize("source", EAGER.values(), ids=EAGER.keys())
def test_what_could_break_is_imported_at_once(source: str, tmp_path: Path) -> None:
    write_deferred(tmp_path, {"ship.py": source})
    ask(tmp_path, "import sys, ship; assert 'uuid' in sys.modules")


LATE = {
    "a base": ("class Berth(uuid.UUID): pass", "ship.Berth(int=3).hex"),
    "a parameter": ("def moor(uuid): return uuid", "ship.moor(3); ship.uuid.NAMESPACE_DNS"),
    "a local name": ("def moor():\n    uuid = 3\n    return uuid", "assert ship.moor() == 3"),
    "a field's annotation": ("class Berth:\n    at: uuid.UUID", "ship.Berth(); ship.uuid.UUID"),
    "a type": ("Number = uuid.UUID | list[int]", "assert ship.Number.__args__[1] == list[int]"),
    "a default in a class": (
        "class Berth:\n    def moor(self, at=uuid.NAMESPACE_DNS): return at",
        "assert ship.Berth().moor().hex",
    ),
    "a nested function": (
        "def moor():\n    def quietly(): return uuid.uuid4()\n    return quietly()",
        "ship.moor()",
    ),
    "a handler": (
        "def moor():\n    try: raise OSError\n    except (OSError, uuid.Error): return 3\n"
        "uuid_ = 1",
        "import uuid; uuid.Error = OSError; assert ship.moor() == 3",
    ),
    "a branch": (
        "def moor(far):\n    if far: return uuid.uuid4()",
        "ship.moor(False); assert 'uuid' not in sys.modules; ship.moor(True)",
    ),
    "a loop": (
        "def moor():\n    for at in [1, 2]:\n        while at == uuid.NAMESPACE_DNS: pass",
        "ship.moor()",
    ),
    "a match": (
        "def moor(at):\n    match at:\n        case uuid.NAMESPACE_DNS: return 1\n"
        "        case int() if uuid: return 2",
        "assert ship.moor(3) == 2",
    ),
}


@pytest.mark.parametrize(("source", "use"), LATE.values(), ids=LATE.keys())
def test_what_can_wait_is_imported_when_it_is_used(source: str, use: str, tmp_path: Path) -> None:
    write_deferred(tmp_path, {"ship.py": f"import uuid\n{source}"})
    ask(
        tmp_path,
        f"import sys, ship; assert 'uuid' not in sys.modules\n{use}\nassert 'uuid' in sys.modules",
    )


def test_who_looks_through_a_module_finds_all_that_it_defines(tmp_path: Path) -> None:
    source = "import uuid\nfrom decimal import Decimal\nclass Berth: pass\ndef moor(): return uuid"
    write_deferred(tmp_path, {"ship.py": source})
    ask(
        tmp_path,
        "import inspect, sys, ship; assert 'uuid' not in sys.modules\n"
        "found = [name for name in dir(ship) if not name.startswith('_')]\n"
        "assert found == ['Berth', 'Decimal', 'moor', 'uuid'], found\n"
        "assert ('Berth', ship.Berth) in inspect.getmembers(ship, inspect.isclass)",
    )


ANSWERING = {
    "assigned": "def answer(name): return 7\n__getattr__ = answer",
    "chosen": "if True:\n    def __getattr__(name): return 7",
}


@pytest.mark.parametrize("answer", ANSWERING.values(), ids=ANSWERING.keys())
def test_a_module_that_answers_for_itself_is_left_alone(answer: str, tmp_path: Path) -> None:
    write_deferred(tmp_path, {"ship.py": f"import uuid\ndef moor(): return uuid\n{answer}"})
    ask(tmp_path, "import sys, ship; assert 'uuid' in sys.modules and ship.anything == 7")


def test_a_class_of_the_package_knows_its_subclasses(tmp_path: Path) -> None:
    source = "class Boat: pass\nclass Dinghy(Boat): pass\nclass Raft(Dinghy): pass\n"
    write_deferred(tmp_path, {"ship.py": source})
    ask(tmp_path, "import ship; assert ship.Boat.__subclasses__()[0].__subclasses__()")


def test_a_version_is_chosen_when_the_name_is_used(tmp_path: Path) -> None:
    source = (
        "import sys\n"
        "try:\n    from idna import no_such_name as number\n"
        "except ImportError:\n    number = None\n"
        "if sys.version_info >= (3, 11):\n    from uuid import UUID\n"
        "else:\n    from uuid import uuid4 as UUID\n"
        "def moor(): return number, UUID"
    )
    write_deferred(tmp_path, {"ship.py": source})
    ask(
        tmp_path,
        "import sys, ship; assert not {'idna', 'uuid'} & sys.modules.keys()\n"
        "import uuid; assert ship.moor() == (None, uuid.UUID)",
    )


def test_a_function_may_be_called_while_its_module_is_imported(tmp_path: Path) -> None:
    source = "from uuid import UUID\ndef moor(): return UUID(int=3)\nat = moor()\n"
    write_deferred(tmp_path, {"ship.py": source})
    ask(tmp_path, "import ship; assert ship.at.int == 3")


def test_modules_may_import_each_other(tmp_path: Path) -> None:
    write_deferred(
        tmp_path,
        {
            "ship/__init__.py": "",
            "ship/sail.py": "class Sail: pass\nfrom ship.mast import Mast\nmast = Mast()\n",
            "ship/mast.py": "from ship.sail import Sail\nclass Mast(Sail): pass\n",
        },
    )
    ask(tmp_path, "from ship.sail import Sail, mast; assert isinstance(mast, Sail)")


def test_threads_that_ask_at_once_get_one_class(tmp_path: Path) -> None:
    source = "import time\nclass Slow:\n    time.sleep(0.05)\ndef make(): return Slow\n"
    write_deferred(tmp_path, {"ship.py": source})
    ask(
        tmp_path,
        "import ship; from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(8) as threads:\n"
        "    made = set(threads.map(lambda _: ship.make(), range(8)))\n"
        "assert len(made) == 1, made",
    )


def test_what_the_platform_is_needs_no_module(tmp_path: Path) -> None:
    source = "import platform\nPYPY = platform.python_implementation() == 'PyPy'\n"
    write_deferred(tmp_path, {"ship.py": source})
    ask(tmp_path, "import sys, ship; assert not ship.PYPY and 'platform' not in sys.modules")


def test_what_every_python_has_needs_no_module(tmp_path: Path) -> None:
    takes = "'module' in inspect.signature(typing._type_check).parameters"
    write_deferred(
        tmp_path,
        {"ship.py": f"import inspect, typing\nTAKES = {takes}\ndef of(it): inspect.stack()"},
    )
    ask(tmp_path, "import sys, ship; assert ship.TAKES and 'inspect' not in sys.modules")
    ask(tmp_path, f"import inspect, typing, ship; assert ship.TAKES is ({takes})")


def test_a_module_that_answers_but_to_type_checkers_waits_too(tmp_path: Path) -> None:
    source = """
import uuid
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    old = 7
else:
    def __getattr__(name):
        if name == "old":
            return 7
        raise AttributeError(name)
def number(): return uuid.uuid4()
"""
    write_deferred(tmp_path, {"ship.py": source})
    ask(tmp_path, "import sys, ship; assert ship.old == 7 and 'uuid' not in sys.modules")
    ask(tmp_path, "import ship; assert ship.number() and ship.uuid and not hasattr(ship, 'keel')")


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
