"""Runs the tests that aiohttp's versions can break with each of them: `make test-aiohttp`.

Each version from the floor on is tried with each Python that is here and that it has wheels for.
The versions lie beside each other in `.tools/aiohttp`, and go before that of the environment.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

from uv import find_uv_bin

from ferryman.building.bytecode import find_interpreter

__all__ = ("HERE", "SLICE", "command_of", "fetched", "main")

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / ".tools" / "aiohttp"

# The newest release of each of these, and the newest of all.
VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "newest")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"

SLICE = "3.11"
"""The version that `make test` tries."""

# aiohttp 3.9 makes URLs of hosts with ports in a way that yarl refuses since.
_BESIDE = {"3.9": ("yarl<1.10",)}
_TESTS = (
    "tests/targets/lambda_/test_bridge.py",
    "tests/targets/lambda_/test_handler.py",
    "tests/targets/lambda_/test_streaming.py",
    "tests/aiohttp_versions/test_version.py",
    *("tests/targets/server/test_serving.py", "tests/targets/server/test_limits.py"),
    *("tests/targets/server/test_draining.py", "tests/targets/server/test_hostile.py"),
    *("tests/targets/server/test_sharing.py", "tests/targets/server/test_streams.py"),
    *("tests/targets/server/test_tracing.py", "tests/cache/test_lost_answers.py"),
)


def fetched(version: str, python: str) -> Path | None:
    """Return the directory that holds a version for a Python, or None if there are no wheels."""
    place = TOOLS / f"{version}-{python}"
    if not place.is_dir():
        wanted = "aiohttp" if version == "newest" else f"aiohttp=={version}.*"
        command = (
            *(find_uv_bin(), "pip", "install", "--quiet", "--only-binary", ":all:"),
            *("--target", str(place), "--python-version", python, wanted),
            *_BESIDE.get(version, ()),
        )
        if subprocess.run(command, check=False, capture_output=True).returncode:
            shutil.rmtree(place, ignore_errors=True)
            return None
    return place


def command_of(interpreter: Path, place: Path, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """Return the command that runs pytest with a version of aiohttp, and its environment."""
    # pytest-aiohttp's plugin cannot be loaded with aiohttp 3.9.
    plugins = ("-p", "no:pytest_aiohttp", "-p", "no:aiohttp", "-p", "no:cacheprovider")
    command = [str(interpreter), "-m", "pytest", "-q", *plugins, *arguments]
    return command, os.environ | {"PYTHONPATH": os.pathsep.join((str(place), str(ROOT)))}


def _interpreter_of(python: str) -> Path | None:
    """Return the interpreter of an environment with this Python; None if it is not here."""
    if python == HERE:
        return Path(sys.executable)
    interpreter = TOOLS / f"python-{python}" / "bin" / "python"
    if not interpreter.exists():
        base = find_interpreter(python)
        if base is None:
            return None
        uv = (find_uv_bin(), "--quiet")
        venv = (*uv, "venv", "--clear", "--python", base.path, str(interpreter.parents[1]))
        subprocess.run(venv, check=True, cwd=ROOT)
        into = (*uv, "pip", "install", "--python", str(interpreter))
        locked = ("--require-hashes", "-r", "requirements-lock.txt")
        subprocess.run((*into, *locked), check=True, cwd=ROOT)
        subprocess.run((*into, "--no-deps", "--editable", "."), check=True, cwd=ROOT)
    return interpreter


def _try(version: str, python: str) -> str:
    """Run the tests with one version and one Python, and say how that went."""
    interpreter = _interpreter_of(python)
    if interpreter is None:
        return "this Python is not here"
    place = fetched(version, python)
    if place is None:
        return "no wheels"
    command, environment = command_of(interpreter, place, "-n", "2", *_TESTS)
    done = subprocess.run(command, check=False, env=environment, cwd=ROOT)
    return "FAILED" if done.returncode else "passed"


def main() -> int:
    """Try what the flags name, or all; print a table; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", action="append", choices=PYTHONS)
    parser.add_argument("--aiohttp", action="append", choices=VERSIONS)
    parser.add_argument("--fetch", action="store_true", help="only fetch what `make test` tries")
    options = parser.parse_args()
    if options.fetch:
        return int(fetched(SLICE, HERE) is None)
    said = {
        (python, version): _try(version, python)
        for python in options.python or PYTHONS
        for version in options.aiohttp or VERSIONS
    }
    for (python, version), what in said.items():
        print(f"Python {python}, aiohttp {version}: {what}")
    return int("FAILED" in said.values() or "passed" not in said.values())


if __name__ == "__main__":
    sys.exit(main())
