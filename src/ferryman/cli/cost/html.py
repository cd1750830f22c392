"""Writing the answer as one page: a file that needs nothing else."""

from __future__ import annotations

from pathlib import Path

from ferryman.core.errors import FerrymanError, reason_of
from ferryman.core.whole_file import write_whole
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
        write_whole(path, text)
    except OSError as error:
        raise FerrymanError(
            f"{path}: the page cannot be written", cause=reason_of(error)
        ) from error
