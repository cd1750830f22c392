"""Decides which proxies are trusted, and with which headers, so that clients cannot forge theirs.

A header that describes the client is as trustworthy as its writer. A proxy passes on headers that
it does not know. So ferryman reads only the headers that the kind of proxy sets or appends to, and
removes the others of that sort before the app can read them. In a list of addresses an entry counts
only if every address nearer to the app is trusted.

The server and the Lambda runtime both use it. Sources: the documentation of each kind of proxy,
which docs/how-to/server-behind-a-proxy.md names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import NamedTuple

from ferryman.core.addresses import bare_address
from ferryman.core.errors import ConfigError
from ferryman.core.forwarded import hops

__all__ = ("CARRIED_AUTHORIZATION", "KINDS", "UNIX", "Client", "ProxyTrust")

KINDS: Mapping[str, tuple[str, ...]] = {
    "nginx": ("X-Forwarded-For", "X-Forwarded-Proto", "X-Request-Id"),
    "alb": ("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Port"),
    "cloudfront": ("X-Forwarded-For", "CloudFront-Forwarded-Proto"),
    "envoy": ("X-Forwarded-For", "X-Forwarded-Proto", "X-Request-Id"),
    "traefik": (*("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port"),),
}
"""The headers that a kind of proxy sets, or appends to."""

UNIX = "unix"
"""The entry of trusted networks that stands for every client of a UNIX socket."""

CARRIED_AUTHORIZATION = "X-Forwarded-Authorization"
"""The header that holds the client's Authorization if an AWS signature has replaced it."""

_READABLE = {
    name.lower(): name
    for name in (
        *("Forwarded", "X-Forwarded-For", "X-Real-Ip", "X-Forwarded-Proto", "X-Forwarded-Host"),
        *("X-Forwarded-Port", "CloudFront-Forwarded-Proto", "X-Request-Id"),
    )
}
# Each of these gives the client's address, so only one of them can be trusted.
_TELL_CLIENT = ("forwarded", "x-forwarded-for", "x-real-ip")

# Other headers about the client or its request that apps and frameworks read.
_CLAIMS = frozenset(
    {
        *("cf-connecting-ip", "client-ip", "cloudfront-viewer-address", "fastly-client-ip"),
        *("fly-client-ip", "front-end-https", "true-client-ip", "x-client-ip"),
        *("x-cluster-client-ip", "x-envoy-external-address", "x-host", "x-original-forwarded-for"),
        *("x-original-host", "x-original-proto", "x-original-uri", "x-original-url", "x-real-ip"),
        *("x-rewrite-url", "x-scheme", "x-url-scheme", "cloudfront-forwarded-proto", "forwarded"),
    }
)


class Client(NamedTuple):
    """The sender of a request; None for values that the headers do not give.

    Attributes:
        remote: The client's address.
        scheme: The scheme by which the request reached the first trusted proxy.
        host: The requested host.
    """

    remote: str | None = None
    scheme: str | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True)
class ProxyTrust:
    """Which proxies are trusted, and with which headers.

    Attributes:
        networks: The proxies' networks.
        unix: Whether every client of a UNIX socket is one of them.
        headers: The names of the trusted headers, in lower case.
    """

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    unix: bool = False
    headers: frozenset[str] = frozenset()

    @classmethod
    def read(
        cls, table: str, trusted: Sequence[str], proxy: str | Sequence[str] | None
    ) -> ProxyTrust:
        """Return the trust that two settings describe.

        Args:
            table: The table of the settings, for errors: `tool.ferryman.server`.
            trusted: `trusted_proxies`: networks as addresses or CIDR, and the word `unix`.
            proxy: `proxy`: a kind, or a list of header names, which may be empty; None if unset.

        Raises:
            ConfigError: A network is invalid, a header is unknown, or one setting lacks the other.
        """
        if not trusted and not proxy:
            return cls()
        if not trusted or proxy is None:
            present, absent = (
                ("proxy", "trusted_proxies") if proxy else ("trusted_proxies", "proxy")
            )
            raise ConfigError(
                f"[{table}] {present} is set, and {absent} is not",
                cause="a trusted proxy is only safe together with the list of headers that it sets",
                hint="set proxy to nginx, alb, cloudfront, envoy, traefik, or to the list of "
                "headers that the proxy sets itself, and trusted_proxies to its networks",
            )
        networks = tuple(_network(table, text) for text in trusted if text != UNIX)
        return cls(networks, UNIX in trusted, _names(table, proxy))

    def __bool__(self) -> bool:
        """Whether any proxy is trusted."""
        return bool(self.networks) or self.unix

    def includes(self, address: str | None) -> bool:
        """Return whether an address is a trusted proxy's; the address of a UNIX socket is empty."""
        if not address:
            return address == "" and self.unix
        bare = bare_address(address)
        if bare is None:
            return False
        parsed = ip_address(bare)
        return any(parsed in network for network in self.networks)

    def drops(self, name: str, *, from_proxy: bool) -> bool:
        """Return whether to hide a header from the app, because no trusted proxy has set it.

        Args:
            name: The header's name.
            from_proxy: Whether a trusted proxy sent the request.
        """
        name = name.lower()
        if from_proxy and name in self.headers:
            return False
        return name in _CLAIMS or name.startswith("x-forwarded")

    def client(self, headers: Mapping[str, str]) -> Client:
        """Return the sender of a request, as the trusted proxies report it.

        The walk goes from the nearest hop outwards, and ends at the first address that is not a
        trusted proxy's, or that is not an address.

        Args:
            headers: The request's headers, by name in lower case, several values joined with
                commas.
        """
        known = {name: headers[name] for name in self.headers if name in headers}
        remote = scheme = host = None
        for hop in hops(known):
            scheme, host = hop.scheme or scheme, hop.host or host
            if hop.address is None:
                break
            remote = hop.address
            if not self.includes(remote):
                break
        return Client(remote, scheme, host)


def _network(table: str, text: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(text)
    except ValueError as error:
        raise ConfigError(
            f"[{table}] trusted_proxies: {text!r} is not a network",
            cause=str(error),
            hint="write an address, a network such as 10.0.0.0/8, or unix",
        ) from error


def _names(table: str, proxy: str | Sequence[str]) -> frozenset[str]:
    """Return the names of the headers of a kind of proxy, or of a list."""
    known: Collection[str] = KINDS if isinstance(proxy, str) else _READABLE.values()
    written = KINDS.get(proxy, (proxy,)) if isinstance(proxy, str) else proxy
    names = frozenset(name.lower() for name in written)
    for name in written:
        if name.lower() not in _READABLE:
            close = get_close_matches(name, known, n=1)
            raise ConfigError(
                f"[{table}] proxy: {name!r} is not what it takes",
                hint=f"did you mean {close[0]}?" if close else f"it takes {', '.join(known)}",
            )
    if len(both := [_READABLE[name] for name in _TELL_CLIENT if name in names]) > 1:
        raise ConfigError(
            f"[{table}] proxy names {' and '.join(both)}, which both tell the client's address",
            cause="a proxy that sets one of them passes on what a client wrote into the other",
            hint="name the one that the proxy sets",
        )
    return names
