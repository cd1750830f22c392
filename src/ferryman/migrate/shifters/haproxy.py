"""Shifts traffic between servers of an HAProxy backend, through its runtime API.

It sends both sides' weights in one line, so that no request sees only one of them changed. The
weights last until HAProxy restarts: a reload restores those of its configuration, and ferryman then
finds a weight that it did not set.

Source: HAProxy 2.6 management guide, sections 9.1 and 9.3.
"""

from __future__ import annotations

import csv
import io
import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from ferryman.core.errors import ConfigError, FerrymanError, reason_of
from ferryman.migrate.shifters import Live, write_checked

__all__ = ("HAProxy", "HAProxyShifter", "Row")

Row = dict[str, str]
_MOST = 256
"""The largest weight of a server (configuration manual, `weight`)."""

_WEIGHT = re.compile(r"(\d+) \(initial \d+\)")
_NAME = re.compile(r"[\w.:-]+")


@dataclass(frozen=True, slots=True)
class HAProxy:
    """A backend of a running HAProxy.

    Attributes:
        address: Its stats socket, with `level admin`: a path, or host:port.
        backend: The backend's name.
        timeout: Seconds for one command.
    """

    address: str
    backend: str
    timeout: float = 5.0

    def ask(self, commands: Sequence[str]) -> list[str]:
        """Send commands as one line, and return the response to each.

        Raises:
            FerrymanError: HAProxy does not respond, or not to every command.
        """
        try:
            with self._connect() as channel:
                channel.sendall("; ".join(commands).encode() + b"\n")
                answer = b"".join(iter(lambda: channel.recv(65536), b"")).decode()
        except OSError as error:
            raise FerrymanError(
                f"HAProxy does not answer at {self.address}",
                cause=reason_of(error),
                hint="`stats socket PATH level admin` in its global section opens it",
            ) from None
        if "Permission denied" in answer:
            raise FerrymanError(
                f"HAProxy's socket {self.address} does not allow changes",
                hint="add `level admin` to its `stats socket`",
            )
        return answer.split("\n\n")

    def rows(self) -> dict[str, Row]:
        """Return the statistics of the backend's servers, by their names.

        Raises:
            FerrymanError: HAProxy does not answer.
        """
        table = self.ask(["show stat"])[0].removeprefix("# ")
        rows = csv.DictReader(io.StringIO(table))
        return {row["svname"]: row for row in rows if row["pxname"] == self.backend}

    def _connect(self) -> socket.socket:
        host, colon, port = self.address.rpartition(":")
        if colon and port.isdigit():
            return socket.create_connection((host.strip("[]"), int(port)), self.timeout)
        channel = socket.socket(socket.AF_UNIX)
        channel.settimeout(self.timeout)
        try:
            channel.connect(self.address)
        except OSError:
            channel.close()
            raise
        return channel


@dataclass(frozen=True, slots=True)
class HAProxyShifter:
    """Two sides of a backend, of one server or several each."""

    haproxy: HAProxy
    old: tuple[str, ...]
    new: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in (self.haproxy.backend, *self.old, *self.new):
            if not _NAME.fullmatch(name):
                raise ConfigError(f"'{name}' cannot be the name of a server of HAProxy")

    def read(self) -> Live:
        """Return the live state."""
        rows = self.haproxy.rows()
        missing = [name for name in (*self.old, *self.new) if name not in rows]
        if missing:
            raise ConfigError(
                f"HAProxy's backend {self.haproxy.backend} has no server {missing[0]}",
                cause=f"it has {', '.join(name for name in rows if name != 'BACKEND') or 'none'}",
                hint="add `server NAME ADDRESS check weight 0` to it, and reload HAProxy",
            )
        weights = self._weights()
        old = sum(weights[name] for name in self.old)
        new = sum(weights[name] for name in self.new)
        return Live(
            weight=100 * new / (old + new) if old + new else 0.0,
            old_healthy=any(_is_up(rows[name]) for name in self.old),
            new_healthy=any(_is_up(rows[name]) for name in self.new),
        )

    def join(self) -> None:
        """Let the new side's servers join with a weight of 0."""
        for name in self.new:
            place = f"{self.haproxy.backend}/{name}"
            self.haproxy.ask([f"set weight {place} 0", f"set server {place} state ready"])

    def write(self, start: float, end: float) -> None:
        """Change the new side's percentage."""
        write_checked(self.read, lambda: self._set(end), start, end)

    def _set(self, percent: float) -> None:
        old, new = _shares(percent, len(self.old), len(self.new))
        weights = [(name, old) for name in self.old] + [(name, new) for name in self.new]
        backend = self.haproxy.backend
        answers = self.haproxy.ask([f"set weight {backend}/{name} {n}" for name, n in weights])
        refused = " ".join(answer.strip() for answer in answers).strip()
        if refused:
            raise FerrymanError(
                f"HAProxy refuses to change the weights of {backend}",
                cause=refused,
                hint="`balance roundrobin` or `leastconn` can change them; `static-rr` cannot",
            )

    def _weights(self) -> dict[str, int]:
        names = (*self.old, *self.new)
        answers = self.haproxy.ask([f"get weight {self.haproxy.backend}/{n}" for n in names])
        found = _WEIGHT.findall("\n".join(answers))
        if len(found) != len(names):
            raise FerrymanError("HAProxy does not report its weights", cause="; ".join(answers))
        return dict(zip(names, map(int, found), strict=True))


def _is_up(row: Row) -> bool:
    return row["status"].startswith(("UP", "no check"))


def _shares(percent: float, olds: int, news: int) -> tuple[int, int]:
    """Return the weight of each server that gives the sides their shares."""
    part = Fraction(percent).limit_denominator(1000) / 100
    old, new = (1 - part) * news, part * olds
    scale = min(Fraction(_MOST) / max(old, new), Fraction(100))
    weights = [int(max(1, round(weight * scale))) if weight else 0 for weight in (old, new)]
    return weights[0], weights[1]
