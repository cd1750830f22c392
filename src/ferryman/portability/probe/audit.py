"""Records the app's system calls as facts, through one of Python's audit hooks.

Python calls the hook for each `open` and each import, so the hook must be fast: it looks up the
event in a table.
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
    """Records facts until it is stopped.

    Args:
        code: Distinguishes the user's code from packages.

    Attributes:
        handler: The handler of the current request, if known.
        facts: The recorded facts.
        temporary: The place and the handler that wrote each file in a temporary directory.
        threads: The threads that run the user's code, with the place and the handler that started
            each.
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
        self._recorders: dict[str, Callable[[tuple[Any, ...]], None]] = {
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
        sys.addaudithook(self._hook)
        self._watch_threads()

    def stop(self) -> None:
        """Record nothing more. Python cannot remove a hook."""
        self._listens = False

    def left_files(self) -> list[Fact]:
        """Return a fact for each file that still exists in a temporary directory."""
        return [
            Fact(
                "M402", place, f"{Path(file).name} is left in {Path(file).parent}", handler=handler
            )
            for file, (place, handler) in self.temporary.items()
            if os.path.lexists(file)
        ]

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        record = self._recorders.get(event)
        if record is None or not self._listens:
            return
        with suppress(Exception):  # an error of a hook would break the app's call
            record(arguments)

    def _note(self, code: str, what: str) -> None:
        place = self._code.nearest(sys._getframe(2))
        if place:
            self.facts.append(Fact(code, place, what, handler=self.handler))

    def _open(self, arguments: tuple[Any, ...]) -> None:
        path, mode, flags = arguments[:3]
        if isinstance(path, int) or path is None:
            return
        writes = bool(set(mode) & set("wax+")) if isinstance(mode, str) else bool(flags & _WRITING)
        # tempfile opens the directory by name, and a file in it with its own opener.
        if writes and not Path(os.fsdecode(path)).is_dir():
            self._written(os.fsdecode(path))

    def _directory(self, arguments: tuple[Any, ...]) -> None:
        self._written(os.fsdecode(arguments[0]))

    def _written(self, path: str) -> None:
        whole = os.path.abspath(path)  # noqa: PTH100 - Path.resolve would follow symbolic links
        if whole.startswith(_NO_FILES) or "__pycache__" in whole:
            return
        place = self._code.nearest(sys._getframe(3))
        if place is None:
            return
        if whole.startswith(self._temporary) and not self._code.owns(whole):
            self.temporary.setdefault(whole, (place, self.handler))
        else:
            what = f"the app writes {path}"
            self.facts.append(Fact("M401", place, what, handler=self.handler))

    def _sqlite(self, arguments: tuple[Any, ...]) -> None:
        self._note("M403", f"SQLite opens {arguments[0]}")

    def _lookup(self, arguments: tuple[Any, ...]) -> None:
        if asyncio._get_running_loop() is not None:
            self._note("M501", f"a blocking call looks up {arguments[0]}")

    def _connect(self, arguments: tuple[Any, ...]) -> None:
        socket, address = arguments
        if asyncio._get_running_loop() is not None and socket.gettimeout() != 0.0:
            self._note("M502", f"a blocking socket connects to {address}")

    def _program(self, arguments: tuple[Any, ...]) -> None:
        given = arguments[0] or (arguments[1][0] if len(arguments) > 1 else "")
        name = os.fsdecode(given).partition(" ")[0]
        self._note("M512", f"the app runs {Path(name).name}")

    def _fork(self, arguments: tuple[Any, ...]) -> None:
        frame = sys._getframe(2)
        if self._code.owns(frame.f_code.co_filename):
            self._note("M511", "the process forks")

    def _watch_threads(self) -> None:
        """Record each thread that starts. Before Python 3.12 no audit event reports threads."""
        start = threading.Thread.start

        def noted(thread: threading.Thread) -> None:
            with suppress(Exception):
                self._thread(thread)
            start(thread)

        setattr(threading.Thread, "start", noted)  # noqa: B010 - mypy refuses a plain assignment

    def _thread(self, thread: threading.Thread) -> None:
        works = (getattr(thread, "_target", None), getattr(thread, "function", None), thread.run)
        for work in works:
            code = code_of(work)
            place = self._code.place(code) if code else None
            if place:
                started = self._code.nearest(sys._getframe(2)) or place
                self.threads.append((thread, started, self.handler))
                return
