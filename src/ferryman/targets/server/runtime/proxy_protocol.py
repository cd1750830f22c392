"""Reads the header of the PROXY protocol, in which a load balancer names a connection's client.

The header comes before all other bytes, also before a TLS handshake, so it is read directly from
the socket, and not a byte more. Source: "The PROXY protocol, versions 1 & 2", HAProxy Technologies.
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
# Addresses take at most 36 bytes; a proxy may add facts about TLS or a VPC endpoint.
_LONGEST = _FIXED + 2048

# The length of an address in version 2, by the family and the protocol.
_ADDRESSES = {0x11: 4, 0x21: 16}
_LOCAL, _PROXY = 0x20, 0x21

# Seconds between two reads of an incomplete header, and between two log records about invalid
# headers.
_GLANCE = 0.01
_BETWEEN_LINES = 10.0

_log = logging.getLogger("ferryman.server")


class BadHeader(ValueError):
    """A connection does not begin with a valid header."""


class Header(NamedTuple):
    """The header of a connection.

    Attributes:
        length: The length of the header in bytes.
        peer: The client's address and port; None if the header has none, as in health checks.
    """

    length: int
    peer: Peer | None


def parse(data: bytes) -> Header | None:
    """Return the header at the start of data, or None if it is incomplete.

    Raises:
        BadHeader: The data does not begin with a header.
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
    """Return a function that reads the header of a trusted proxy before it connects a socket.

    For other peers it reads no header: bytes like a header are then an invalid request.

    Args:
        connect: Connects a socket, given the client of the header.
        trust: The trusted proxies.
        timeout: Seconds that a header may take to arrive.
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
    """Read the header from a socket, and no byte after it."""
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
