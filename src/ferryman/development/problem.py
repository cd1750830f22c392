"""What is shown, in the terminal and in the browser, of an app that does not start."""

from __future__ import annotations

import traceback

from ferryman.core.errors import FerrymanError

__all__ = ("problem_text",)


def problem_text(error: BaseException) -> str:
    """Return what went wrong, where in the app's own files, and what to do."""
    if isinstance(error, FerrymanError):
        parts = [f"error: {error.message}"]
        parts += [f"cause: {error.cause}"] if error.cause else []
        parts += [f"hint: {error.hint}"] if error.hint else []
        return "\n".join(parts)
    return "".join(traceback.format_exception(error))
