"""Finds the client behind proxies that are trusted to tell of it.

A header that says who sent a request is worth as much as whoever wrote it: entries count
only as far as the addresses that handed them on are trusted.
"""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address
from socket import AF_INET, AF_INET6, inet_pton

from ferryman.targets.lambda_.runtime.messages import HttpRequest

__all__ = (
    "Networks",
    "client_address",
    "client_host",
    "client_scheme",
    "is_trusted",
    "last_address",
    "through_proxies",
)

Networks = tuple[IPv4Network | IPv6Network, ...]

_SCHEMES = ("http", "https")
_MAPPED = "::ffff:"


def through_proxies(request: HttpRequest, trusted: Networks) -> HttpRequest:
    """Return a request as the client sent it to the first of the proxies.

    Without trusted networks, or if the address it came from is not in them, that is the
    request as it is.

    Args:
        request: The request; `remote` is the address that the event source saw.
        trusted: The networks of the proxies.
    """
    if not is_trusted(request.remote, trusted):
        return request
    headers = dict(request.headers)
    host = client_host(headers.get("host", ""), headers.get("x-forwarded-host", ""))
    return request._replace(
        remote=client_address(request.remote, headers.get("x-forwarded-for", ""), trusted),
        scheme=client_scheme(request.scheme, headers.get("cloudfront-forwarded-proto", "")),
        headers=tuple(
            [(name, host if name == "host" else value) for name, value in request.headers]
        ),
    )


def client_address(remote: str | None, forwarded_for: str, trusted: Networks) -> str | None:
    """Return the nearest address that is not a trusted proxy's.

    Args:
        remote: The address that the event source saw.
        forwarded_for: The value of X-Forwarded-For, to whose end each proxy adds the address
            it saw. An entry that is no address ends the walk.
        trusted: The networks of the proxies.
    """
    address = remote
    for entry in reversed(forwarded_for.split(",")):
        if not is_trusted(address, trusted):
            break
        farther = _address(entry)
        if farther is None:
            break
        address = farther
    return address


def client_scheme(scheme: str, forwarded: str) -> str:
    """Return the scheme that a trusted proxy tells of, or else the one that was seen.

    The event sources write X-Forwarded-Proto themselves, about the proxy; CloudFront tells
    of its own clients in CloudFront-Forwarded-Proto.
    """
    return forwarded if forwarded in _SCHEMES else scheme


def client_host(host: str, forwarded: str) -> str:
    """Return the host that the last trusted proxy tells of, or else the one that was seen."""
    return forwarded.rpartition(",")[2].strip() or host


def last_address(forwarded_for: str) -> str | None:
    """Return the last entry of X-Forwarded-For, without its port.

    It is the one that a load balancer adds: what stands before it, the client may have made
    up. None if it is no address.
    """
    return _address(forwarded_for.rpartition(",")[2])


def is_trusted(address: str | None, trusted: Networks) -> bool:
    """Return whether an address is in one of the networks."""
    if not trusted or not address:
        return False
    bare = _address(address)
    if bare is None:
        return False
    parsed = ip_address(bare)
    return any(parsed in network for network in trusted)


def _address(entry: str) -> str | None:
    """Return an address without its port: `192.0.2.1:80`, `[2001:db8::1]:80`.

    An IPv4 address that is written as IPv6 is the IPv4 address.
    """
    text = entry.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    text = text.removeprefix(_MAPPED)
    try:
        # Telling an address takes this a tenth of the time that making a value of it takes.
        inet_pton(AF_INET6 if ":" in text else AF_INET, text)
    except (OSError, ValueError):
        return None
    return text
