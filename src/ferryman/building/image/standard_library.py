"""Decides which parts of the standard library an image holds, each with its reason.

All of it ships except parts that need a user, a screen or a compiler, because an app's imports
cannot be known beforehand. The functions are pure: they see paths of files and touch none.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

__all__ = ("ELSEWHERE", "choose_parts")

ELSEWHERE = frozenset({"site-packages", "dist-packages", "__pycache__"})
"""Directories that are not the standard library's own."""

_RULES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (
        "tests",
        (
            *("test/*", "*/test/*", "*/tests/*", "lib-dynload/_test*", "lib-dynload/_ctypes_test*"),
            *("lib-dynload/_xxtestfuzz*", "lib-dynload/xx*", "__phello__/*", "__hello__.py"),
        ),
    ),
    (
        "it needs a screen or a terminal",
        (
            *("tkinter/*", "idlelib/*", "turtledemo/*", "turtle.py", "lib-dynload/_tkinter*"),
            *("curses/*", "lib-dynload/_curses*", "lib-dynload/readline*", "_pyrepl/*"),
        ),
    ),
    (
        "it installs, builds or converts",
        (
            *("ensurepip/*", "venv/*", "lib2to3/*", "config-*/*", "msilib/*", "pydoc_data/*"),
            "distutils/command/*",
        ),
    ),
    ("its twin in C is there", ("_pydatetime.py", "_pydecimal.py", "_pyio.py")),
    ("it binds a library of a database file", ("lib-dynload/_dbm*", "lib-dynload/_gdbm*")),
    ("it binds a library that few systems still have", ("lib-dynload/nis*",)),
    ("it is the building machine's own", ("sitecustomize.py", "usercustomize.py")),
    ("a text for people", ("*.rst", "*.txt")),
)

_LICENCE = "LICENSE.txt"


def choose_parts(places: Iterable[str]) -> dict[str, str]:
    """Return the files to leave out, with the reason for each.

    Args:
        places: The files of a standard library, relative to its directory.
    """
    reasons = {place: _reason(place) for place in places}
    return {place: reason for place, reason in reasons.items() if reason}


def _reason(place: str) -> str | None:
    if place == _LICENCE:
        return None
    for reason, patterns in _RULES:
        if any(fnmatchcase(place, pattern) for pattern in patterns):
            return reason
    return None
