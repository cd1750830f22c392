"""Formats an exception with the user's own frames, without ferryman's.

The fault is in the user's code; frames of ferryman, the import system and the server would only
hide it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from traceback import StackSummary, TracebackException

__all__ = ("user_traceback",)

_FOREIGN = (
    *("ferryman", "aiohttp", "aiosignal", "aiohappyeyeballs"),
    *("asyncio", "contextlib", "gunicorn", "importlib"),
)


def user_traceback(error: BaseException) -> str:
    """Return the formatted traceback of an exception, with only the user's frames.

    Its cause is formatted in the same way. If no frame is left (after a syntax error, for example),
    the result has only the exception itself.
    """
    shown = TracebackException.from_exception(error)
    _keep_user_frames(shown, _foreign_places())
    return "".join(shown.format()).rstrip()


def _keep_user_frames(shown: TracebackException, foreign: tuple[str, ...]) -> None:
    own = [frame for frame in shown.stack if not frame.filename.startswith(foreign)]
    # Without a stack, Python omits the "Traceback" line; typeshed does not allow None here.
    shown.stack = StackSummary.from_list(own) if own else None  # type: ignore[assignment]
    related = (shown.__cause__, shown.__context__, *(shown.exceptions or ()))
    for exception in filter(None, related):
        _keep_user_frames(exception, foreign)


def _foreign_places() -> tuple[str, ...]:
    """Return the path prefixes of files that are not the user's: packages and modules."""
    files = (getattr(sys.modules.get(name), "__file__", None) for name in _FOREIGN)
    paths = (Path(file) for file in files if file)
    places = (f"{p.parent}{os.sep}" if p.stem == "__init__" else str(p) for p in paths)
    # Frames of bytecode that was compiled for another path name that path.
    ours = Path(_foreign_places.__code__.co_filename).parents[1]
    return ("<frozen importlib", f"{ours}{os.sep}", *places)
