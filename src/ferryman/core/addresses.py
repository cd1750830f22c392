"""Reads addresses of clients and proxies as headers write them.

Every cold start on Lambda loads this module, so it does not import `ipaddress`.
"""

from __future__ import annotations

from socket import AF_INET, AF_INET6, inet_pton

__all__ = ("bare_address", "last_address")

_MAPPED = "::ffff:"


def bare_address(text: str) -> str | None:
    """Return the address in a text such as `192.0.2.1:80` or `[2001:db8::1]:80`, or None.

    An IPv4 address that is written as IPv6 becomes the IPv4 address.
    """
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    text = text.removeprefix(_MAPPED)
    try:
        # Checking the text takes a tenth of the time of parsing it into an address.
        inet_pton(AF_INET6 if ":" in text else AF_INET, text)
    except (OSError, ValueError):
        return None
    return text


def last_address(forwarded_for: str) -> str | None:
    """Return the last entry of X-Forwarded-For, without its port.

    A load balancer adds the last entry; a client may have forged those before it. Return None if
    the last entry is not an address.
    """
    return bare_address(forwarded_for.rpartition(",")[2])
