"""Writing the answer as one page: a file that needs nothing else."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from ferryman.core.errors import FerrymanError
from ferryman.cost.page.document import document
from ferryman.cost.page.study import Study, look_further

__all__ = ("write_page",)


def write_page(study: Study, path: Path) -> None:
    """Write the page, whole or not at all.

    Raises:
        FerrymanError: The file cannot be written.
    """
    text = document(look_further(study))
    try:
        _replace(path, text)
    except OSError as error:
        raise FerrymanError(f"{path}: the page cannot be written", cause=str(error)) from error


def _replace(path: Path, text: str) -> None:
    """Write a file beside the path and rename it, so that no half page is left."""
    handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
