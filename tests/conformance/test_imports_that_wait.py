"""aiohttp's own tests of itself, as a build leaves it: its imports wait until they are used."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import aiohttp
import multidict
import yarl
from tests.conformance.suite import TOOLS, fetch_suite

from ferryman.building.bytecode import Compilation, Deferral, Interpreter, compile_files
from ferryman.building.tried_packages import tried_packages

# What has most of the imports that wait, and is soon done.
FILES = (
    "test_helpers.py",
    "test_multipart.py",
    "test_urldispatch.py",
    "test_web_app.py",
    "test_web_exceptions.py",
    "test_web_functional.py",
    "test_web_response.py",
)


def test_aiohttp_passes_its_own_tests(tmp_path: Path) -> None:
    for package in (aiohttp, multidict, yarl):
        compile_package(Path(str(package.__file__)).parent, tmp_path)
    suite = fetch_suite(TOOLS)
    settings = Path(__file__).with_name("aiohttp.ini")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-c", str(settings), "--rootdir", str(suite)),
            *("--confcutdir", str(suite), "-p", "no:cacheprovider", "-p", "pytest_mock"),
            *("-p", "aiohttp.pytest_plugin", *(str(suite / file) for file in FILES)),
        ],
        env=os.environ
        | {
            "PYTHONPATH": str(tmp_path),
            "PYTEST_ADDOPTS": "",
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        },
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert " 0 passed" not in done.stdout


def compile_package(home: Path, directory: Path) -> None:
    """Copy a package, with bytecode whose imports wait in the place of its sources."""
    copy = shutil.copytree(
        home, directory / home.name, ignore=shutil.ignore_patterns("__pycache__")
    )
    # pytest rewrites the assertions of its plugins, and wants their sources for it.
    sources = [path for path in copy.rglob("*.py") if path.name not in _OF_PYTEST]
    jobs = [
        Compilation(
            path,
            path.with_suffix(".pyc"),
            f"/task/{path.relative_to(directory)}",
            deferral(path.relative_to(directory)),
        )
        for path in sources
    ]
    assert not compile_files(Interpreter(sys.executable, "", ""), jobs)
    for path in sources:
        path.unlink()


def deferral(path: Path) -> Deferral | None:
    """Return what may wait in a module."""
    tried = tried_packages()[path.parts[0]]
    name = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
    return Deferral(tried.facades.get(name)) if name in tried.started else None


_OF_PYTEST = {"pytest_plugin.py", "test_utils.py"}
