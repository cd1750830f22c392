"""Starts, restarts and stops the keeper from the master."""

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
"""The keeper's name in `ps`, at most 15 letters (proc(5))."""

_NAME = Path("/proc/self/comm")

# File descriptors of the keeper besides clients' connections, with a margin.
_OWN = 32


@dataclass(slots=True)
class KeeperProcess:
    """The keeper, and the channels to it and from it.

    Attributes:
        most: The most idle connections to keep; None for as many as it may open.
        drain_delay: Seconds from the first signal to end until idle connections are closed.
        idle: The channel for idle connections from workers.
        asked: The channel for connections with a new request to workers.
    """

    most: int | None
    drain_delay: float
    idle: Channel = field(default_factory=Channel.open)
    asked: Channel = field(default_factory=Channel.open)
    _pid: int = 0

    def ensure(self, others: Iterable[socket.socket]) -> None:
        """Start the keeper if it does not run.

        Args:
            others: Files of the master that the keeper must close.
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
        """Stop it after the drain delay; immediately at the second call."""
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
        # The master reaps all its children, so it may have reaped the keeper already.
        try:
            return os.waitpid(self._pid, os.WNOHANG)[0] == 0
        except ChildProcessError:
            return False
