"""Reads the headers in which proxies describe a client: Forwarded, X-Forwarded-For and others.

It returns their values, nearest proxy first; `proxy_trust` decides which to trust. Invalid hosts,
schemes and addresses are left out. Source: RFC 7239.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ferryman.core.addresses import bare_address

__all__ = ("Hop", "hops", "is_host")

_SCHEMES = ("http", "https")

# No real chain of proxies is longer; a longer list is an attack.
_MOST = 32

# Less than RFC 3986 allows: a host goes into links, where quotes and brackets do harm.
_HOST_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789.-_")


class Hop(NamedTuple):
    """The sender of a request, as one proxy reports it; None for values it does not report.

    Attributes:
        address: The address, without its port.
        scheme: `http` or `https`.
        host: The requested host, with the port if the request named one.
    """

    address: str | None
    scheme: str | None = None
    host: str | None = None


def hops(headers: Mapping[str, str]) -> list[Hop]:
    """Return the hops that the proxies report, the one nearest to the app first.

    Args:
        headers: The trusted headers, by name in lower case, several values joined with commas.
    """
    forwarded = headers.get("forwarded")
    if forwarded is not None:
        return [_element(element) for element in _split(forwarded)]
    return _x_forwarded(headers)


def is_host(text: str) -> bool:
    """Return whether a text is a valid Host header: a host, with or without a port.

    Source: RFC 3986, 3.2.2 and 3.2.3; a name is not looked up.
    """
    if text.startswith("["):
        address, bracket, rest = text[1:].partition("]")
        if not bracket or bare_address(f"[{address}]") is None or ":" not in address:
            return False
        return not rest or (rest[0] == ":" and _is_port(rest[1:]))
    name, colon, port = text.partition(":")
    if not 0 < len(name) <= 255 or not _HOST_LETTERS.issuperset(name.lower()):
        return False
    return not colon or _is_port(port)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536


def _split(value: str) -> Iterable[str]:
    """Return the elements between unquoted commas, the last one first.

    It reads from the end, which a proxy has written, so that an open quote from a client cannot
    swallow the proxy's entry.
    """
    end, quoted, found = len(value), False, []
    for at in range(len(value) - 1, -1, -1):
        if value[at] == '"':
            quoted = not quoted
        elif value[at] == "," and not quoted:
            found.append(value[at + 1 : end])
            end = at
            if len(found) == _MOST:
                return found
    found.append(value[:end])
    return found


def _element(element: str) -> Hop:
    pairs = {}
    for part in element.split(";"):
        name, _, text = part.strip().partition("=")
        if text.startswith('"') and text.endswith('"') and len(text) > 1:
            text = text[1:-1]
        if '"' in text or "\\" in text:
            text = ""
        pairs[name.strip().lower()] = text
    return Hop(
        bare_address(pairs.get("for", "")), _scheme(pairs.get("proto")), _host(pairs.get("host"))
    )


def _x_forwarded(headers: Mapping[str, str]) -> list[Hop]:
    addresses = _list(headers, "x-forwarded-for") or _list(headers, "x-real-ip")[:1]
    schemes = _list(headers, "cloudfront-forwarded-proto") or _list(headers, "x-forwarded-proto")
    host = _host_and_port(headers)
    scheme = _scheme(schemes[0]) if schemes else None
    hops = [Hop(bare_address(address), scheme, host) for address in addresses]
    # The nearest proxy's value; if each proxy appends one, the value of the same hop.
    if len(schemes) == len(addresses) > 1:
        return [hop._replace(scheme=_scheme(each)) for hop, each in zip(hops, schemes, strict=True)]
    return hops or [Hop(None, scheme, host)]


def _host_and_port(headers: Mapping[str, str]) -> str | None:
    host = next(iter(_list(headers, "x-forwarded-host")), None)
    port = next(iter(_list(headers, "x-forwarded-port")), "")
    if host and ":" not in host and _is_port(port) and port not in ("80", "443"):
        host = f"{host}:{port}"
    return _host(host)


def _list(headers: Mapping[str, str], name: str) -> list[str]:
    """Return the entries of a header, the last one first, up to the maximum number of proxies."""
    value = headers.get(name)
    return [entry.strip() for entry in reversed(value.rsplit(",", _MOST)[-_MOST:])] if value else []


def _scheme(text: str | None) -> str | None:
    return text.lower() if text and text.lower() in _SCHEMES else None


def _host(text: str | None) -> str | None:
    return text if text and is_host(text) else None
