"""Hears by an audit hook what the app asks of Python and the system, and notes it as facts.

The hook sees each `open` and each import, so that it tells events apart by one look-up.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ferryman.portability.finding import Fact, Place
from ferryman.portability.probe.user_code import UserCode, code_of

__all__ = ("Audit",)

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND
_NO_FILES = ("/dev/", "/proc/", "/sys/")


class Audit:
    """What was heard.

    Args:
        code: Tells the user's code from others'.

    Attributes:
        handler: The handler that is answering, where it is known.
        facts: What was noted.
        temporary: The places that wrote files in temporary directories, by the files.
        threads: Threads of the user's, with the places that started them.
    """

    def __init__(self, code: UserCode) -> None:
        self.handler: Place | None = None
        self.facts: list[Fact] = []
        self.temporary: dict[str, tuple[Place, Place | None]] = {}
        self.threads: list[tuple[threading.Thread, Place, Place | None]] = []
        self._code = code
        self._listens = True
        places = {tempfile.gettempdir(), "/tmp", "/var/tmp"}  # noqa: S108
        self._temporary = tuple(f"{os.path.realpath(each)}{os.sep}" for each in places)
        self._hears: dict[str, Callable[[tuple[Any, ...]], None]] = {
            "open": self._open,
            "os.mkdir": self._directory,
            "sqlite3.connect": self._sqlite,
            "socket.getaddrinfo": self._lookup,
            "socket.gethostbyname": self._lookup,
            "socket.gethostbyaddr": self._lookup,
            "socket.connect": self._connect,
            "subprocess.Popen": self._program,
            "os.system": self._program,
            "os.posix_spawn": self._program,
            "os.fork": self._fork,
            "os.forkpty": self._fork,
        }
        sys.addaudithook(self._hear)
        self._watch_threads()

    def stop(self) -> None:
        """Note nothing more: a hook cannot be taken away."""
        self._listens = False

    def left_files(self) -> list[Fact]:
        """Return a fact for each place whose files are still in a temporary directory."""
        return [
            Fact(
                "M402", place, f"{Path(file).name} is left in {Path(file).parent}", handler=handler
            )
            for file, (place, handler) in self.temporary.items()
            if os.path.lexists(file)
        ]

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        hears = self._hears.get(event)
        if hears is None or not self._listens:
            return
        with suppress(Exception):  # what a hook raises would become the app's own error
            hears(arguments)

    def _note(self, code: str, what: str) -> None:
        place = self._code.nearest(sys._getframe(2))
        if place:
            self.facts.append(Fact(code, place, what, handler=self.handler))

    def _open(self, arguments: tuple[Any, ...]) -> None:
        path, mode, flags = arguments[:3]
        if isinstance(path, int) or path is None:
            return
        writes = bool(set(mode) & set("wax+")) if isinstance(mode, str) else bool(flags & _WRITING)
        # tempfile opens the directory by name, and a file in it by an opener of its own.
        if writes and not Path(os.fsdecode(path)).is_dir():
            self._written(os.fsdecode(path))

    def _directory(self, arguments: tuple[Any, ...]) -> None:
        self._written(os.fsdecode(arguments[0]))

    def _written(self, path: str) -> None:
        whole = os.path.abspath(path)  # noqa: PTH100 - pathlib would follow what is to be told
        if whole.startswith(_NO_FILES) or "__pycache__" in whole:
            return
        place = self._code.nearest(sys._getframe(3))
        if place is None:
            return
        if whole.startswith(self._temporary) and not self._code.owns(whole):
            self.temporary.setdefault(whole, (place, self.handler))
        else:
            self.facts.append(Fact("M401", place, f"{path} is written", handler=self.handler))

    def _sqlite(self, arguments: tuple[Any, ...]) -> None:
        self._note("M403", f"SQLite opens {arguments[0]}")

    def _lookup(self, arguments: tuple[Any, ...]) -> None:
        if asyncio._get_running_loop() is not None:
            self._note("M501", f"{arguments[0]} is looked up")

    def _connect(self, arguments: tuple[Any, ...]) -> None:
        socket, address = arguments
        if asyncio._get_running_loop() is not None and socket.gettimeout() != 0.0:
            self._note("M502", f"a blocking socket connects to {address}")

    def _program(self, arguments: tuple[Any, ...]) -> None:
        given = arguments[0] or (arguments[1][0] if len(arguments) > 1 else "")
        name = os.fsdecode(given).partition(" ")[0]
        self._note("M512", f"{Path(name).name} is run")

    def _fork(self, arguments: tuple[Any, ...]) -> None:
        frame = sys._getframe(2)
        if self._code.owns(frame.f_code.co_filename):
            self._note("M511", "the process forks")

    def _watch_threads(self) -> None:
        """Note each thread that is started: Python tells hooks of it since 3.12 alone."""
        start = threading.Thread.start

        def noted(thread: threading.Thread) -> None:
            with suppress(Exception):
                self._thread(thread)
            start(thread)

        setattr(threading.Thread, "start", noted)  # noqa: B010 - to a type checker its own name differs

    def _thread(self, thread: threading.Thread) -> None:
        works = (getattr(thread, "_target", None), getattr(thread, "function", None), thread.run)
        for work in works:
            code = code_of(work)
            place = self._code.place(code) if code else None
            if place:
                started = self._code.nearest(sys._getframe(2)) or place
                self.threads.append((thread, started, self.handler))
                return
