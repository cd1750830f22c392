"""Restores a request as the client sent it to the first trusted proxy.

Headers that no trusted proxy has set are removed before the app sees the request.
"""

from __future__ import annotations

import re

from aiohttp import web
from aiohttp.http import RawRequestMessage
from multidict import CIMultiDict, CIMultiDictProxy

from ferryman.core.proxy_trust import Client, ProxyTrust
from ferryman.targets.server.runtime.request_facts import RequestFacts

__all__ = ("Proxies", "peer_address")

# The form of a request id from a proxy: it cannot be read as anything but a name.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


class Proxies:
    """Reads the headers of proxies, and removes headers that no trusted proxy has set.

    Args:
        trust: The trusted proxies and their headers.
    """

    def __init__(self, trust: ProxyTrust) -> None:
        self._trust = trust

    def clean(self, message: RawRequestMessage, protocol: web.RequestHandler) -> RawRequestMessage:
        """Return a request's head without the headers that no trusted proxy has set.

        Args:
            message: The head as received.
            protocol: The connection.
        """
        message = _in_origin_form(message)
        from_proxy = self._trust.includes(peer_address(protocol.peername))
        drops = {name for name in message.headers if self._trust.drops(name, from_proxy=from_proxy)}
        if not drops:
            return message
        return _with_headers(
            message, [pair for pair in message.headers.items() if pair[0] not in drops]
        )

    def tell(self, request: web.BaseRequest, facts: RequestFacts) -> None:
        """Read the client and the id of a request from a trusted proxy's headers."""
        if not self._trust.includes(peer_address(request.protocol.peername)):
            return
        headers = {name: ",".join(request.headers.getall(name, ())) for name in self._trust.headers}
        _tell_client(request, self._trust.client({n: v for n, v in headers.items() if v}))
        sent = headers.get("x-request-id", "")
        if _REQUEST_ID.fullmatch(sent):
            facts.request_id = sent


def peer_address(peername: object) -> str | None:
    """Return the address of the peer; empty for a UNIX socket."""
    if isinstance(peername, tuple):
        return str(peername[0])
    return None if peername is None else ""


def _tell_client(request: web.BaseRequest, client: Client) -> None:
    """Set a request's `remote`, `scheme` and `host` to the values from a proxy.

    aiohttp's public way clones the request, and its access log would not see the clone. These are
    the fields in which aiohttp caches the values.
    """
    for name, value in zip(Client._fields, client, strict=True):
        if value is not None:
            request._cache[name] = value


def _in_origin_form(message: RawRequestMessage) -> RawRequestMessage:
    """Return a head whose target has no host and no scheme, because aiohttp would trust them.

    The host of the target replaces the header (RFC 9112, 3.2.2).
    """
    if message.method == "CONNECT" or not message.url.absolute:
        return message
    host = message.url.raw_authority.rpartition("@")[2]
    pairs = [("Host", host)] + [p for p in message.headers.items() if p[0].lower() != "host"]
    relative = message.url.relative()
    return _with_headers(message._replace(path=str(relative), url=relative), pairs)


def _with_headers(message: RawRequestMessage, pairs: list[tuple[str, str]]) -> RawRequestMessage:
    raw = tuple((name.encode(), value.encode("utf-8", "surrogateescape")) for name, value in pairs)
    return message._replace(headers=CIMultiDictProxy(CIMultiDict(pairs)), raw_headers=raw)
