"""The command's standard streams: closed by the caller, full, or without a reader."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

__all__ = ("abandon_unwritable", "open_missing", "stdout_fault")

_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


def open_missing() -> None:
    """Open `/dev/null` in the place of each standard stream that the caller has closed.

    Otherwise the next file that ferryman opens would get the stream's number, and the messages of
    child processes would go into that file.
    """
    while (opened := os.open(os.devnull, os.O_RDWR)) < len(_STREAMS):
        os.set_inheritable(opened, True)
    os.close(opened)
    for number, (name, mode) in enumerate(_STREAMS):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
        elif mode == "w" and getattr(sys, name).errors == "strict":
            # A path may hold characters that the terminal's encoding lacks.
            getattr(sys, name).reconfigure(errors="backslashreplace")


def stdout_fault() -> OSError | None:
    """Return why the standard output cannot be written; None if it can be."""
    try:
        sys.stdout.flush()
    except OSError as error:
        return error
    return None


def abandon_unwritable() -> None:
    """Drop what cannot be written, as Python would complain about it as it exits."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
