"""What a cold start prepares: modules that wait, and modules that are read at once."""

from __future__ import annotations

import asyncio
import json
import marshal
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.targets.lambda_.conftest import Call
from tests.targets.lambda_.runtime_api import RuntimeApi

from ferryman.local.emulator import host_architecture, host_python, unpack
from ferryman.project.resolution import resolve_project
from ferryman.targets.lambda_.archive import started_modules
from ferryman.targets.lambda_.bundle import BOOTSTRAP, build_bundle
from ferryman.targets.lambda_.runtime.start import MODULES
from ferryman.targets.lambda_.target import LambdaTarget

WAITING = """
import sys
from ferryman.targets.lambda_.runtime import start
def wait(*names):
    sys.meta_path.insert(0, start.WaitingFinder(frozenset(names)))
"""


def ask(questions: str, directory: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WAITING + questions],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


WAYS = {
    "an attribute": "import sail; assert not sail_runs()\nassert sail.height == 3",
    "a name of it": "from sail import height; assert height == 3",
    "all names": "from sail import *; assert height == 3",
    "to be listed": "import sail; assert 'height' in dir(sail)",
    "to be changed": "import sail; sail.height = 4; assert sail_runs() and sail.height == 4",
    "again": "import sail\nimport sail; assert not sail_runs(); sail.height",
    "to be reloaded": "import sail, importlib; sail.height; importlib.reload(sail)",
    "a module in it": "import sail.rope; assert sail.rope.length == 9 and sail.height == 3",
    "for what it has not": "import sail\ntry: sail.keel\nexcept AttributeError: pass\nelse: 1 / 0",
}


def layer(tmp_path: Path) -> Path:
    """Return a directory such as /opt/python, with what layers of every shape bring."""
    layers = tmp_path / "layers"
    site = layers / "lib" / f"python{host_python()}" / "site-packages"
    site.mkdir(parents=True)
    (layers / "shared_auth.py").write_text("place = 'top'")
    (site / "vendor.py").write_text("place = 'site'")
    (layers / "vendor.py").write_text("place = 'top'")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "through_pth.py").write_text("")
    (site / "linked.pth").write_text(f"{tmp_path / 'linked'}\n")
    (layers / "colorsys.py").write_text("ours = True")  # AWS has layers before the library
    return layers


def test_layers_are_on_the_path_as_with_aws_s_own_start(tmp_path: Path) -> None:
    ask(
        f"""
import os
os.environ.pop("PYTHONPATH", None)
sys.path.insert(0, {str(tmp_path)!r})
start.add_layers({str(layer(tmp_path))!r})
import shared_auth, through_pth, vendor, colorsys
assert (shared_auth.place, vendor.place, colorsys.ours) == ("top", "site", True)
assert sys.path[0] == {str(tmp_path)!r}
""",
        tmp_path,
    )


def test_layers_are_left_out_where_the_path_is_set(tmp_path: Path) -> None:
    ask(
        f"""
import os
os.environ["PYTHONPATH"] = "/elsewhere"
before = [*sys.path]
start.add_layers({str(layer(tmp_path))!r})
assert sys.path == before
""",
        tmp_path,
    )


def test_a_function_without_layers_does_not_load_site_again(tmp_path: Path) -> None:
    ask("before = [*sys.path]; start.add_layers('/nowhere'); assert sys.path == before", tmp_path)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_a_module_that_waits_is_executed_when_it_is_asked(way: str, tmp_path: Path) -> None:
    write_sail(tmp_path)
    ask(
        "import runs\ndef sail_runs(): return runs.count\nwait('sail')\n"
        f"{way}\nassert sail_runs() and type(sys.modules['sail']) is type(sys)",
        tmp_path,
    )


def write_sail(directory: Path) -> None:
    (directory / "runs.py").write_text("count = 0")
    sail = directory / "sail"
    sail.mkdir()
    (sail / "__init__.py").write_text("import runs\nruns.count += 1\nheight = 3\n")
    (sail / "rope.py").write_text("length = 9")


def test_threads_that_ask_at_once_execute_it_once(tmp_path: Path) -> None:
    (tmp_path / "runs.py").write_text("count = 0")
    (tmp_path / "slow.py").write_text(
        "import runs, time\nruns.count += 1\ntime.sleep(0.05)\nheight = 3\n"
    )
    ask(
        "import runs\nwait('slow')\nimport slow\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(8) as threads:\n"
        "    assert set(threads.map(lambda _: slow.height, range(8))) == {3}\n"
        "assert runs.count == 1",
        tmp_path,
    )


def test_a_module_that_fails_says_so_each_time(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise ImportError('no keel')")
    ask(
        "wait('broken')\nimport broken\n"
        "for _ in range(2):\n"
        "    try: broken.height\n"
        "    except ImportError as error: assert 'no keel' in str(error)\n"
        "    else: raise AssertionError",
        tmp_path,
    )


AT_HAND = """
import concurrent.futures, functools, inspect, subprocess, traceback

async def waits(): pass
def plain(): pass
class Thing:
    async def waits(self): pass
    async def __call__(self): pass
    def frame(self): return inspect.currentframe().f_code.co_name
    def stack(self): return [each.name for each in traceback.extract_stack()]

def told(asked):
    answers = [*map(inspect.iscoroutinefunction, asked)]
    futures, processes = concurrent.futures, subprocess
    answers += [futures.ALL_COMPLETED, futures.FIRST_COMPLETED, futures.FIRST_EXCEPTION]
    answers += [processes.DEVNULL, processes.PIPE, processes.STDOUT, Thing().frame()]
    return answers

def more():
    mark = getattr(inspect, "markcoroutinefunction", lambda function: function)
    wrapped = functools.wraps(waits)(lambda: None)
    partial = functools.partial(waits)
    asked = [wrapped, partial, Thing.waits, Thing().waits, Thing(), len, None, mark(lambda: 0)]
    return [*told(asked), Thing().stack(), [each.name for each in traceback.extract_stack(limit=1)]]
"""


def test_what_is_at_hand_of_a_module_that_waits_is_what_it_holds(tmp_path: Path) -> None:
    ask(
        f"""
here, there = {{}}, {{}}
exec({AT_HAND!r}, here)
names = ("concurrent.futures", "inspect", "subprocess", "traceback")
for name in names: del sys.modules[name]
wait(*names)
exec({AT_HAND!r}, there)
def told(place): return place["told"]([place["waits"], place["plain"], place["told"]])
assert told(there) == told(here) and told(here)[:3] == [True, False, False]
assert {{type(sys.modules[name]).__name__ for name in names}} == {{"_Waiting"}}
assert there["more"]() == here["more"]()
assert "_Waiting" not in {{type(sys.modules[name]).__name__ for name in ("inspect", "traceback")}}
""",
        tmp_path,
    )


HELLO = """
from aiohttp import web

async def hello(request):
    return web.json_response({"hello": "world"})

app = web.Application()
app.router.add_get("/", hello)
"""


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the directory of a hello app's bundle, unpacked."""
    root = tmp_path_factory.mktemp("hello")
    (root / "hello.py").write_text(HELLO)
    (root / "pyproject.toml").write_text('[tool.ferryman]\napp = "hello:app"\nname = "hello"\n')
    targets = {"lambda": LambdaTarget.options}
    flags = {"python": host_python(), "lambda.architecture": host_architecture()}
    project = resolve_project(root, targets, flags=flags)
    artifact = build_bundle(project, root / "dist" / "lambda", lambda _: None)
    unpack(Path(artifact.path), root / "task")
    return root / "task"


async def start(task: Path, scratch: Path, api: RuntimeApi, event: dict[str, Any]) -> str:
    """Start a bundle as Lambda does, have it answer, and return its account of the imports."""
    python = scratch / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -I -S -B -X importtime "$@"\n')
    python.chmod(0o755)
    log = scratch / "log"
    answer = api.invoke(event)
    with log.open("w") as output:
        process = subprocess.Popen(
            [task / BOOTSTRAP, python, "/var/runtime/bootstrap.py"],
            cwd=scratch,
            env={"AWS_LAMBDA_RUNTIME_API": api.address, "PATH": os.defpath},
            stdout=output,
            stderr=output,
        )
    try:
        posted = await asyncio.wait_for(answer, 20)
    finally:
        process.kill()
        process.wait()
    assert json.loads(json.loads(posted.body)["body"]) == {"hello": "world"}, log.read_text()
    return log.read_text()


async def test_what_a_start_imports_is_read_at_once(
    task: Path, tmp_path: Path, api: RuntimeApi, event: Call
) -> None:
    account = await start(task, tmp_path, api, event())
    imported = set(re.findall(r"^import time:.* (\S+)$", account, re.M))
    assert not {"_ssl", "email.message", "aiohttp.client", "http.client"} & imported
    assert not {"_ast", "_posixsubprocess", "dis", "pathlib", "simplejson"} & imported
    shipped = {name for name in imported if is_packaged(task, name)}
    missing = shipped - {*started_modules()}
    assert not missing, f"add to targets/lambda_/started.txt: {' '.join(sorted(missing))}"
    useless = {n for n in started_modules() if is_packaged(task, n)} - shipped
    assert len(useless) < 10, f"take from targets/lambda_/started.txt: {' '.join(sorted(useless))}"


async def test_a_start_does_without_the_file_of_another_python(
    task: Path, tmp_path: Path, api: RuntimeApi, event: Call
) -> None:
    other = tmp_path / "task"
    shutil.copytree(task, other)
    (other / MODULES).write_bytes(marshal.dumps(("cpython-27", {"aiohttp": (True, b"no")}), 2))
    await start(other, tmp_path, api, event())


def is_packaged(task: Path, name: str) -> bool:
    place = task / name.replace(".", "/")
    return (place / "__init__.pyc").is_file() or place.with_name(f"{place.name}.pyc").is_file()
