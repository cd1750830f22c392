"""aiohttp's own tests: fetched from its source distribution, of the version installed here.

They are not committed; run as a module, this gets them. What is taken is the tests alone:
the package beside them has no compiled parts, and must not be found in place of the one that
is installed.
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import aiohttp

__all__ = ("FILES", "TOOLS", "fetch_suite")

FILES = (
    "test_client_functional.py",
    "test_web_app.py",
    "test_web_exceptions.py",
    "test_web_functional.py",
    "test_web_log.py",
    "test_web_middleware.py",
    "test_web_sendfile_functional.py",
    "test_web_urldispatcher.py",
)
"""The files of the suite that serve an application to a client."""

TOOLS = Path(__file__).parents[2] / ".tools"
"""Where the suite is kept, for all runs to come."""

# One test looks for this file above its own directory.
_TAKEN = ("tests", "README.rst")


def fetch_suite(tools: Path) -> Path:
    """Return the directory that holds aiohttp's tests, and get them if they are not there.

    Args:
        tools: The directory it is kept in.
    """
    suite = tools / f"aiohttp-{aiohttp.__version__}"
    if not suite.is_dir():
        tools.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=tools) as scratch:
            unpacked = _unpack(_download(Path(scratch)), Path(scratch))
            unpacked.rename(suite)
    return suite / "tests"


def _download(directory: Path) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--disable-pip-version-check", "--no-binary", "aiohttp", "--dest", str(directory)]
    subprocess.run([*command, f"aiohttp=={aiohttp.__version__}"], check=True)
    (archive,) = directory.glob("aiohttp-*.tar.gz")
    return archive


def _unpack(archive: Path, directory: Path) -> Path:
    with tarfile.open(archive) as tar:
        members = [member for member in tar if _is_taken(member.name)]
        tar.extractall(directory, members, filter="data")
    return directory / archive.name.removesuffix(".tar.gz")


def _is_taken(name: str) -> bool:
    """Return whether a member is wanted; the name of the package and a slash come first."""
    return name.partition("/")[2].partition("/")[0] in _TAKEN


if __name__ == "__main__":
    fetch_suite(TOOLS)
