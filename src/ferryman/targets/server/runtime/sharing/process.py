"""Starts the keeper from the master, again if it ends, and ends it."""

from __future__ import annotations

import logging
import os
import resource
import signal
import socket
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ferryman.targets.server.runtime.sharing.keeper import Keeper
from ferryman.targets.server.runtime.sharing.passing import Channel

__all__ = ("COMMAND", "KeeperProcess")

COMMAND = "ferry-keeper"
"""What `ps` calls the keeper: 15 letters at most, as proc(5) has it."""

_NAME = Path("/proc/self/comm")

# File descriptors of the keeper that are not clients' connections, with room to spare.
_OWN = 32


@dataclass(slots=True)
class KeeperProcess:
    """The keeper, and the channels that lead to it and from it.

    Attributes:
        most: How many idle connections to keep; None for as many as it may open.
        drain_delay: Seconds from the first word to end until idle connections are closed.
        idle: Where workers send the connections that idle.
        asked: Where workers get those on which a request has come.
    """

    most: int | None
    drain_delay: float
    idle: Channel = field(default_factory=Channel.open)
    asked: Channel = field(default_factory=Channel.open)
    _pid: int = 0

    def ensure(self, others: Iterable[socket.socket]) -> None:
        """See that the keeper runs.

        Args:
            others: What the master has open, and the keeper must not.
        """
        if self._pid and self._runs():
            return
        if self._pid:
            logging.getLogger("ferryman").error(
                "the process that keeps idle connections has ended, and they are lost; "
                "another is started"
            )
        self._pid = os.fork()
        if self._pid == 0:
            self._become(others)

    def end(self) -> None:
        """Have it end after the drain delay; at once when it is told for the second time."""
        if self._pid:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGTERM)

    def _become(self, others: Iterable[socket.socket]) -> None:
        status = 1
        try:
            with suppress(OSError):
                _NAME.write_text(COMMAND)
            for other in others:
                other.close()
            limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
            most = min(self.most or limit, max(1, limit - _OWN))
            Keeper(self.idle, self.asked, most, self.drain_delay).run()
            status = 0
        finally:
            os._exit(status)

    def _runs(self) -> bool:
        # The master reaps all its children, so that this one may be gone already.
        try:
            return os.waitpid(self._pid, os.WNOHANG)[0] == 0
        except ChildProcessError:
            return False
