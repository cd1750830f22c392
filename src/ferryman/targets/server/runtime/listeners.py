"""Binds the addresses that a server listens on, before workers start.

It replaces gunicorn's own code, which tries an occupied port for five seconds, leaves the file of a
UNIX socket open to all users, and removes a file that another server has created since.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.core.serving import Endpoint

__all__ = ("AddressUnavailable", "Listener", "listen")

# Errors that another try may not meet.
_PASSING = (errno.EADDRINUSE, errno.EADDRNOTAVAIL)

# The kernel allows 107 bytes, and the file has a longer name at first.
_LONGEST_PATH = 90


class AddressUnavailable(ConfigError):
    """An address is in use or does not exist yet; another start may succeed."""

    exit_code = 1


@dataclass(frozen=True, slots=True)
class Listener:
    """A listening socket, with the methods that gunicorn expects.

    Attributes:
        sock: The socket.
        address: The address as in the settings.
        file: The device and the inode of the file of a UNIX socket.
    """

    sock: socket.socket
    address: str
    file: tuple[int, int] | None = None

    def __str__(self) -> str:
        """Return the address, for gunicorn's log."""
        return self.address

    def __getattr__(self, name: str) -> Any:
        return getattr(self.sock, name)

    def remove(self) -> None:
        """Remove a UNIX socket's file, unless another server has replaced it."""
        path = self.address.removeprefix("unix:")
        with suppress(OSError):
            if self.file is not None and _identity(path) == self.file:
                os.unlink(path)  # noqa: PTH108


def listen(key: str, address: str, *, backlog: int, mode: str) -> Listener:
    """Return a listening socket, which workers inherit.

    `[::]` includes all IPv4 addresses.

    Args:
        key: The setting that names the address, for errors.
        address: `host:port` or `unix:/path`.
        backlog: Connections that the kernel queues until a worker accepts them.
        mode: The permissions of a UNIX socket's file, in octal digits.

    Raises:
        AddressUnavailable: The address is in use, or does not belong to this machine.
        ConfigError: The address cannot be bound.
    """
    place = Endpoint.parse(address)
    try:
        if place.port is None:
            return _listen_unix(key, place.host, backlog, int(mode, 8))
        return Listener(_listen_tcp(place.host, place.port, backlog), address)
    except OSError as error:
        raise _error(key, address, error) from error


def _listen_tcp(host: str, port: int, backlog: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        made.bind((host, port))
        made.listen(backlog)
        made.setblocking(False)
    except BaseException:
        made.close()
        raise
    return made


def _listen_unix(key: str, path: str, backlog: int, mode: int) -> Listener:
    """Create a socket under another name, and rename its file when it listens.

    So clients never find a socket with wider permissions than `mode`, or one that does not listen
    yet. A server that starts while another one ends replaces it without a gap.
    """
    _check_path(key, path)
    hidden = f"{path}.{os.getpid()}"
    with suppress(FileNotFoundError):
        os.unlink(hidden)  # noqa: PTH108
    made = socket.socket(socket.AF_UNIX)
    try:
        made.bind(hidden)
        os.chmod(hidden, mode)  # noqa: PTH101
        made.listen(backlog)
        made.setblocking(False)
        identity = _identity(hidden)
        os.rename(hidden, path)  # noqa: PTH104
    except BaseException:
        made.close()
        with suppress(OSError):
            os.unlink(hidden)  # noqa: PTH108
        raise
    return Listener(made, f"unix:{path}", identity)


def _check_path(key: str, path: str) -> None:
    if len(os.fsencode(path)) > _LONGEST_PATH:
        raise ConfigError(
            f"[tool.ferryman.server] {key} = 'unix:{path}' is too long a path for a socket",
            hint=f"choose one of at most {_LONGEST_PATH} bytes, such as unix:/run/shop/http.sock",
        )
    with suppress(FileNotFoundError):
        if not stat.S_ISSOCK(os.lstat(path).st_mode):
            raise ConfigError(
                f"[tool.ferryman.server] {key} = 'unix:{path}': there is something else than a "
                "socket",
                hint=f"name another path, or remove {path} if it is not needed",
            )


def _identity(path: str) -> tuple[int, int]:
    found = os.lstat(path)
    return found.st_dev, found.st_ino


def _error(key: str, address: str, error: OSError) -> FerrymanError:
    passing = isinstance(error, socket.gaierror) or error.errno in _PASSING
    hints = {
        errno.EADDRINUSE: "stop the other program that listens there, or set another address",
        errno.EACCES: "choose a port from 1024 on, or a directory that the server may write to",
        errno.ENOENT: "make the directory first; under systemd, RuntimeDirectory does",
    }
    return (AddressUnavailable if passing else ConfigError)(
        f"[tool.ferryman.server] {key} = {address!r}: the server cannot listen there",
        cause=error.strerror,
        hint=hints.get(error.errno or 0, f"set {key} to an address of this machine"),
    )
