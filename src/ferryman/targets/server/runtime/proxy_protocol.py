"""Reads the PROXY protocol's header, with which a load balancer tells of a connection's client.

It comes before anything else, a TLS handshake included, so that it is taken from the socket, and
not a byte more. Source: "The PROXY protocol, versions 1 & 2", by HAProxy Technologies.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from typing import NamedTuple

from ferryman.core.proxy_trust import ProxyTrust
from ferryman.targets.server.runtime.proxies import peer_address

__all__ = ("BadHeader", "Header", "connecting_through_proxies", "parse")

Peer = tuple[str, int]
Connect = Callable[[socket.socket], Awaitable[object]]

_SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
_FIXED = 16
_LONGEST_LINE = 107
# Addresses take 36 bytes at most; the rest is what a proxy adds of TLS, or of a VPC's endpoint.
_LONGEST = _FIXED + 2048

# Of version 2: the length of an address, by the family and the protocol.
_ADDRESSES = {0x11: 4, 0x21: 16}
_LOCAL, _PROXY = 0x20, 0x21

# Seconds until more of a header is looked for, and between two lines of the log that tell of one
# that is none.
_GLANCE = 0.01
_BETWEEN_LINES = 10.0

_log = logging.getLogger("ferryman.server")


class BadHeader(ValueError):
    """A connection does not begin with a header, or with one that makes no sense."""


class Header(NamedTuple):
    """What a connection begins with.

    Attributes:
        length: Of the header, in bytes.
        peer: The client's address and port; None if it tells of none, as for a health check.
    """

    length: int
    peer: Peer | None


def parse(data: bytes) -> Header | None:
    """Return the header that data begins with, or None if more of it is to come.

    Raises:
        BadHeader: It begins with none.
    """
    if data.startswith(_SIGNATURE[: len(data)]) and data:
        return _parse_binary(data)
    if data.startswith(b"PROXY "[: len(data)]):
        return _parse_line(data)
    raise BadHeader("it does not begin with a PROXY header")


def connecting_through_proxies(
    connect: Callable[[socket.socket, Peer | None], Awaitable[object]],
    trust: ProxyTrust,
    timeout: float,
) -> Connect:
    """Return what connects a socket after it has taken the header off, if a proxy sends it.

    Who is not trusted sends none: what looks like one is then a request that makes no sense.

    Args:
        connect: Goes on with a socket, and the client that was told of.
        trust: Which proxies are trusted.
        timeout: Seconds that a header may take to come.
    """
    said = -_BETWEEN_LINES

    async def connected(accepted: socket.socket) -> None:
        nonlocal said
        peer, proxy = None, peer_address(accepted.getpeername())
        if trust.includes(proxy):
            try:
                async with asyncio.timeout(timeout):
                    peer = await _take_header(accepted)
            except (BadHeader, OSError, TimeoutError) as error:
                now = asyncio.get_running_loop().time()
                if isinstance(error, BadHeader) and now - said >= _BETWEEN_LINES:
                    said = now
                    _log.warning("a connection from %s is closed: %s", proxy or "unix", error)
                accepted.close()
                return
            except BaseException:
                accepted.close()
                raise
        await connect(accepted, peer)

    return connected


async def _take_header(accepted: socket.socket) -> Peer | None:
    """Take the header off a socket, and nothing behind it."""
    while True:
        try:
            data = accepted.recv(_LONGEST, socket.MSG_PEEK)
        except BlockingIOError:
            await asyncio.sleep(_GLANCE)
            continue
        if not data:
            raise ConnectionResetError
        header = parse(data)
        if header is not None:
            accepted.recv(header.length)
            return header.peer
        await asyncio.sleep(_GLANCE)


def _parse_line(data: bytes) -> Header | None:
    line, end, _ = data.partition(b"\r\n")
    if not end:
        if len(data) >= _LONGEST_LINE:
            raise BadHeader("its PROXY header is too long")
        return None
    words = line.decode("latin-1").split(" ")
    length = len(line) + len(end)
    if words[1:2] == ["UNKNOWN"]:
        return Header(length, None)
    try:
        _, family, source, destination, port, _ = words
        address = ip_address(source)
        wanted = {"TCP4": 4, "TCP6": 6}[family]
        if {address.version, ip_address(destination).version} != {wanted}:
            raise ValueError("the addresses are of another family")
        return Header(length, (str(address), _port(port)))
    except (ValueError, KeyError) as error:
        raise BadHeader("its PROXY header makes no sense") from error


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise ValueError("not a port")
    return int(text)


def _parse_binary(data: bytes) -> Header | None:
    if len(data) < _FIXED:
        return None
    command, kind = data[12], data[13]
    length = _FIXED + int.from_bytes(data[14:16], "big")
    if command not in (_LOCAL, _PROXY) or length > _LONGEST:
        raise BadHeader("its PROXY header makes no sense")
    if len(data) < length:
        return None
    size = _ADDRESSES.get(kind)
    if command == _LOCAL or size is None:
        return Header(length, None)
    if length < _FIXED + 2 * size + 4:
        raise BadHeader("its PROXY header is too short for its addresses")
    address = ip_address(data[_FIXED : _FIXED + size])
    at = _FIXED + 2 * size
    mapped = getattr(address, "ipv4_mapped", None)
    return Header(length, (str(mapped or address), int.from_bytes(data[at : at + 2], "big")))
