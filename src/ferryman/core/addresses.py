"""Reads addresses of clients and proxies as headers write them.

It is in every cold start on Lambda, so it does without the ipaddress module.
"""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_pton

__all__ = ("bare_address", "last_address")

_MAPPED = "::ffff:"


def bare_address(text: str) -> str | None:
    """Return an address without its port, such as of `192.0.2.1:80` or `[2001:db8::1]:80`.

    An IPv4 address that is written as IPv6 is the IPv4 address. None if it is not an address.
    """
    text = text.strip()
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


def last_address(forwarded_for: str) -> str | None:
    """Return the last entry of X-Forwarded-For, without its port.

    It is the one that a load balancer adds: what stands before it, the client may have made
    up. None if it is not an address.
    """
    return bare_address(forwarded_for.rpartition(",")[2])
