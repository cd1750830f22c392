"""Listens to HAProxy's log: every answer with its side, status, time and client.

HAProxy sends each line of `option httplog` as a datagram to an address on loopback. This is
the one source that sees all three streams at once and can tell clients apart.

Source: HAProxy 2.6 configuration manual, section 8.2.3.
"""

from __future__ import annotations

import math
import re
import socket
import threading
from collections import deque
from dataclasses import dataclass
from typing import Any

from ferryman.core.errors import ConfigError
from ferryman.core.judge import Counts, once_per_client
from ferryman.migrate.observers import Sight

__all__ = ("HAProxyLog", "Line", "read_line")

BASELINE, LEAST = 2000, 100
"""Answers to take the old side's 95th percentile from, and the fewest that suffice."""

_LINE = re.compile(
    r"(?P<client>\S+):\d+ \[[^\]]+\] \S+ (?P<backend>[^/\s]+)/(?P<server>\S+) "
    r"-?\d+/(?P<queue>-?\d+)/(?P<connect>-?\d+)/(?P<response>-?\d+)/\+?-?\d+ "
    r"(?P<status>-?\d+) \+?\d+ \S+ \S+ (?P<ended>\S)\S{3} "
)
_DATAGRAM = 65536
_BUFFER = 8 * 2**20


@dataclass(frozen=True, slots=True)
class Line:
    """One answer.

    Attributes:
        client: The client's address.
        backend: The backend.
        server: The server that answered.
        status: The status, or -1 if there was none.
        seconds: How long the server took, its queue included.
        aborted: Whether the client aborted the request.
    """

    client: str
    backend: str
    server: str
    status: int
    seconds: float
    aborted: bool


def read_line(text: str) -> Line | None:
    """Return the answer in a log line, or None if the line has no answer."""
    found = _LINE.search(text)
    if not found:
        return None
    parts = [max(0, int(found[name])) for name in ("queue", "connect", "response")]
    return Line(
        client=found["client"],
        backend=found["backend"],
        server=found["server"],
        status=int(found["status"]),
        seconds=sum(parts) / 1000,
        aborted=found["ended"] == "C",
    )


class HAProxyLog:
    """Collects lines in a thread, from construction until it is closed.

    Args:
        address: Host and port to listen at.
        backend: The backend.
        old: The old side's servers.
        new: The new side's.
        by_client: Whether several bad answers to one client within a look count once.
        patience: Looks after which fewer answers than `BASELINE` suffice.

    Raises:
        ConfigError: The address cannot be listened at.
    """

    listens = True

    def __init__(
        self,
        address: tuple[str, int],
        backend: str,
        old: tuple[str, ...],
        new: tuple[str, ...],
        *,
        by_client: bool = True,
        patience: int = 60,
    ) -> None:
        self._backend, self._old, self._new = backend, frozenset(old), frozenset(new)
        self._by_client, self._patience = by_client, patience
        self._lines: list[Line] = []
        self._times: deque[float] = deque(maxlen=BASELINE)
        self._known: frozenset[tuple[str, str]] = frozenset()
        self._looks = 0
        self._channel = _listen(address)
        self._thread = threading.Thread(target=self._collect, daemon=True)
        self._thread.start()

    def look(self, cursor: Any, slow_limit: float | None) -> Sight:
        """Return the observations since the previous look; earlier lines than this object are lost.

        The cursor holds the old side's times, in milliseconds, until there are enough of them.
        """
        lines, self._lines = self._lines, []
        if cursor and not self._looks:
            self._looks = int(cursor["looks"])
            self._times.extend(each / 1000 for each in cursor["times"])
        self._looks += 1
        self._times.extend(line.seconds for line in lines if line.server in self._old)
        met: set[tuple[str, str]] = set()
        counts = []
        for servers in (self._old, self._new):
            answers = [
                (line.client, _counts(line, slow_limit)) for line in lines if line.server in servers
            ]
            if self._by_client:
                total, known = once_per_client(answers, self._known)
                met |= known
            else:
                total = sum((each for _, each in answers), Counts())
            counts.append(total)
        self._known = frozenset(met - self._known)
        limit = self._limit() or slow_limit
        waiting = limit is None and self._looks < self._patience
        return Sight(counts[0], counts[1], self._cursor() if waiting else None, limit, waiting)

    def close(self) -> None:
        """Stop listening."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", self._channel.getsockname())
        self._thread.join(5)
        self._channel.close()

    def _collect(self) -> None:
        while data := self._channel.recv(_DATAGRAM):
            line = read_line(data.decode("utf-8", "replace"))
            if line and line.backend == self._backend and not line.aborted:
                self._lines.append(line)

    def _cursor(self) -> dict[str, Any]:
        return {"looks": self._looks, "times": [round(1000 * each) for each in self._times]}

    def _limit(self) -> float | None:
        """Return the 95th percentile, once there are enough answers for it."""
        enough = LEAST if self._looks >= self._patience else BASELINE
        if len(self._times) < enough:
            return None
        # HAProxy rounds to whole milliseconds: an answer of 0 ms must not be slow at 1 ms.
        return max(sorted(self._times)[math.ceil(0.95 * len(self._times)) - 1], 0.001)


def _counts(line: Line, slow_limit: float | None) -> Counts:
    return Counts(
        1,
        failures=int(line.status >= 500 or line.status < 100),
        rejections=int(400 <= line.status < 500),
        slow=int(slow_limit is not None and line.seconds > slow_limit),
    )


def _listen(address: tuple[str, int]) -> socket.socket:
    channel = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    channel.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
    try:
        channel.bind(address)
    except OSError as error:
        channel.close()
        raise ConfigError(
            f"cannot listen for HAProxy's log at {address[0]}:{address[1]}",
            cause=error.strerror,
            hint="another `ferryman migrate` may be running; `migrate status` says so",
        ) from None
    return channel
