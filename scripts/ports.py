"""Ports of loopback for what tests, demonstrations and benchmarks start."""

from __future__ import annotations

import itertools
import os
import socket

__all__ = ("free_port",)

_RANGE = range(10_000, 32_000)
"""Below the ports that Linux gives to connections (32768 and up): none of those takes one of ours
between the moment it is found and the moment a server binds it."""

_steps = itertools.count()


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a free port, another one at each call.

    Processes begin at places far from each other, so that tests that run side by side
    do not find the same one.
    """
    start = os.getpid() * 7919
    for step in _steps:
        port = _RANGE[(start + step) % len(_RANGE)]
        with socket.socket(socket.AF_INET, kind) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
    raise AssertionError("counting has no end")
