"""Formats an exception with the user's own frames, without ferryman's.

What failed is in their code; the frames of ferryman, of the import system and of the
server around it only hide the place.
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
    """Return the formatted traceback of an exception, less the frames that are not the user's.

    What caused it is shown as well, in the same way. Where no frame is left (a syntax
    error, say), only the exception itself is shown.
    """
    shown = TracebackException.from_exception(error)
    _keep_user_frames(shown, _foreign_places())
    return "".join(shown.format()).rstrip()


def _keep_user_frames(shown: TracebackException, foreign: tuple[str, ...]) -> None:
    own = [frame for frame in shown.stack if not frame.filename.startswith(foreign)]
    # Without a stack no line says "Traceback" above nothing; typeshed does not know it.
    shown.stack = StackSummary.from_list(own) if own else None  # type: ignore[assignment]
    related = (shown.__cause__, shown.__context__, *(shown.exceptions or ()))
    for exception in filter(None, related):
        _keep_user_frames(exception, foreign)


def _foreign_places() -> tuple[str, ...]:
    """Return how the names of foreign files begin: a package's directory, a module's file."""
    files = (getattr(sys.modules.get(name), "__file__", None) for name in _FOREIGN)
    paths = (Path(file) for file in files if file)
    places = (f"{p.parent}{os.sep}" if p.stem == "__init__" else str(p) for p in paths)
    # Bytecode that was compiled for another place says in its frames that it lies there.
    ours = Path(_foreign_places.__code__.co_filename).parents[1]
    return ("<frozen importlib", f"{ours}{os.sep}", *places)
