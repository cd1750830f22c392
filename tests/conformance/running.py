"""Runs aiohttp's tests behind one event source, in a process of their own.

Neither pytest's plugins nor the settings of this repository's own tests get into it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.suite import FILES

__all__ = ("ROOT", "Run", "run_suite")

ROOT = Path(__file__).parents[2]

_TIME_LIMIT = 1200.0


@dataclass(frozen=True, slots=True)
class Run:
    """The outcomes of the tests behind one source.

    Attributes:
        passed: The tests that passed.
        crossed: Those among them that sent the application a request through the source.
        expected: The tests that failed as they must.
        skipped: The tests that this machine lacks something for.
        failures: What went wrong in any other, by its name.
    """

    passed: int
    crossed: int
    expected: int
    skipped: int
    failures: dict[str, str]


def run_suite(suite: Path, source: str) -> Run:
    """Run the tests behind a source.

    Args:
        suite: The directory of aiohttp's tests.
        source: The event source, or `socket`.

    Raises:
        RuntimeError: The tests did not come to their end.
    """
    with tempfile.TemporaryDirectory() as directory:
        results = Path(directory, "results.json")
        done = subprocess.run(
            _command(suite, source, results),
            cwd=directory,
            env=_environment(),
            capture_output=True,
            text=True,
            timeout=_TIME_LIMIT,
        )
        # 1 says that there are failures, and which is in the results.
        if done.returncode > 1 or not results.is_file():
            raise RuntimeError(f"the tests behind {source} broke off:\n{done.stdout}{done.stderr}")
        return Run(**json.loads(results.read_text(encoding="utf-8")))


def _command(suite: Path, source: str, results: Path) -> list[str]:
    settings = Path(__file__).with_name("aiohttp.ini")
    return [
        *(sys.executable, "-m", "pytest", "-c", str(settings), "--rootdir", str(suite.parent)),
        *("--confcutdir", str(suite), "-p", "no:cacheprovider", "-p", "pytest_mock"),
        *("-p", "tests.conformance.plugin", "--source", source, "--results", str(results)),
        *(str(suite / file) for file in FILES),
    ]


def _environment() -> dict[str, str]:
    """Return an environment with this repository on the path and no plugins but ours."""
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "PYTEST_ADDOPTS": "",
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
