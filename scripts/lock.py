"""Writes requirements-lock.txt: every package of the project and its tools, with its hashes.

The versions that are locked stay as long as pyproject.toml allows them; `--upgrade` takes the
newest that are a week old. No address is written, so that the file holds for any index.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from uv import find_uv_bin

__all__ = ("LOCK", "compile_lock")

LOCK = Path(__file__).parents[1] / "requirements-lock.txt"

# For the oldest Python and all later ones, whatever runs this.
_COMPILE = (
    *("pip", "compile", "--quiet", "pyproject.toml", "--extra", "all", "--group", "dev"),
    *("--universal", "--python-version", "3.11", "--generate-hashes"),
    *("--no-header", "--no-annotate", "--no-emit-index-url"),
)


def compile_lock(*options: str) -> str:
    """Return what the lock file has to say.

    Args:
        options: Others of `uv pip compile`, such as `--upgrade`.

    Raises:
        subprocess.CalledProcessError: The requirements cannot be resolved.
    """
    with tempfile.TemporaryDirectory() as scratch:
        out = Path(scratch, LOCK.name)
        if LOCK.exists():
            shutil.copyfile(LOCK, out)  # uv keeps the versions that it finds there
        subprocess.run(
            [find_uv_bin(), *_COMPILE, *options, "--output-file", str(out)],
            cwd=LOCK.parent,
            check=True,
        )
        return out.read_text(encoding="utf-8")


if __name__ == "__main__":
    LOCK.write_text(compile_lock(*sys.argv[1:]), encoding="utf-8")
