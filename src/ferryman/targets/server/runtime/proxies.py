"""Finds the client behind proxies that are trusted to tell of it.

A header that says who sent a request is worth as much as whoever wrote it: an entry counts
only as far as every address nearer to the server is trusted. `Forwarded` is read as RFC
7239 has it; where a proxy sends both, it counts and the X-Forwarded headers do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from aiohttp import web

__all__ = ("Client", "Networks", "find_client", "is_trusted", "networks", "tell_client")

Networks = tuple[IPv4Network | IPv6Network, ...]

_SCHEMES = ("http", "https")
_HOST = re.compile(r"[A-Za-z0-9.\-_:\[\]]{1,255}")
_PAIR = re.compile(r'\s*([a-z]+)\s*=\s*(?:"([^"]*)"|([^";,\s]*))\s*', re.IGNORECASE)

# Nobody has so many proxies; a longer list is someone's game.
_MOST = 32


class Client(NamedTuple):
    """Whom a request comes from; None where the headers do not say.

    Attributes:
        remote: The client's address.
        scheme: How it reached the first trusted proxy.
        host: What it asked for.
    """

    remote: str | None = None
    scheme: str | None = None
    host: str | None = None


class _Hop(NamedTuple):
    address: str | None
    scheme: str | None
    host: str | None


def networks(texts: Iterable[str]) -> Networks:
    """Return the networks that are written as addresses or CIDR."""
    return tuple(ip_network(text) for text in texts)


def is_trusted(address: str | None, trusted: Networks) -> bool:
    """Return whether an address is in one of the networks."""
    if not address:
        return False
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return any((mapped or parsed) in network for network in trusted)


def find_client(headers: Mapping[str, str], trusted: Networks) -> Client:
    """Return whom a trusted proxy says that a request comes from.

    The walk goes from the nearest hop outwards, and ends at the first address that is not a
    trusted proxy's, or that is no address.

    Args:
        headers: The request's; each name once, several values joined with commas.
        trusted: The networks of the proxies.
    """
    forwarded = headers.get("Forwarded")
    hops = _forwarded(forwarded) if forwarded else _x_forwarded(headers)
    remote = scheme = host = None
    for hop in hops[: -_MOST - 1 : -1]:
        scheme, host = hop.scheme or scheme, hop.host or host
        if hop.address is None:
            break
        remote = hop.address
        if not is_trusted(remote, trusted):
            break
    return Client(remote, scheme, host)


def tell_client(request: web.BaseRequest, client: Client) -> None:
    """Make a request's `remote`, `scheme` and `host` say what a proxy said.

    aiohttp would have a clone made, which its access log does not see; these are the
    values that it keeps once it has worked them out.
    """
    for name, value in zip(Client._fields, client, strict=True):
        if value is not None:
            request._cache[name] = value


def _forwarded(value: str) -> list[_Hop]:
    return [_hop(element) for element in _split(value)]


def _hop(element: str) -> _Hop:
    pairs = {}
    for part in element.split(";"):
        match = _PAIR.fullmatch(part)
        if match:
            pairs[match[1].lower()] = match[2] if match[2] is not None else match[3]
    return _Hop(
        _address(pairs.get("for", "")), _scheme(pairs.get("proto")), _host(pairs.get("host"))
    )


def _split(value: str) -> list[str]:
    """Return the elements between commas that are in no quotes."""
    return re.findall(r'(?:[^,"]|"[^"]*")+', value)


def _x_forwarded(headers: Mapping[str, str]) -> list[_Hop]:
    addresses = _list(headers, "X-Forwarded-For")
    schemes = _list(headers, "X-Forwarded-Proto")
    host = _host(_list(headers, "X-Forwarded-Host")[-1])
    port = _list(headers, "X-Forwarded-Port")[-1]
    if host and port.isdigit() and ":" not in host and port not in ("80", "443"):
        host = f"{host}:{port}"
    hops = [_Hop(_address(address), None, None) for address in addresses]
    # The nearest proxy's word, and where each adds one to the list, that of the same hop.
    scheme = _scheme(schemes[-1])
    if len(schemes) == len(addresses):
        return [
            hop._replace(scheme=_scheme(each), host=host)
            for hop, each in zip(hops, schemes, strict=True)
        ]
    return [hop._replace(scheme=scheme, host=host) for hop in hops]


def _list(headers: Mapping[str, str], name: str) -> list[str]:
    return [entry.strip() for entry in headers.get(name, "").split(",")]


def _scheme(text: str | None) -> str | None:
    return text.lower() if text and text.lower() in _SCHEMES else None


def _host(text: str | None) -> str | None:
    return text if text and _HOST.fullmatch(text) else None


def _address(text: str) -> str | None:
    """Return an address without its port: `192.0.2.1:80`, `[2001:db8::1]:80`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
