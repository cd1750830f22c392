"""Has the app see a request as the client sent it to the first of the trusted proxies.

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

# What a proxy may call a request: nothing that could be read as more than a name.
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


class Proxies:
    """Reads the headers of proxies, and takes out those that they have not set.

    Args:
        trust: Which proxies are trusted, and with which headers.
    """

    def __init__(self, trust: ProxyTrust) -> None:
        self._trust = trust

    def clean(self, message: RawRequestMessage, protocol: web.RequestHandler) -> RawRequestMessage:
        """Return a request's head without the headers that no trusted proxy has set.

        Args:
            message: The head, as it came.
            protocol: The connection that it came on.
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
        """Take from a trusted proxy's headers whom a request comes from, and its id."""
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
    """Make a request's `remote`, `scheme` and `host` say what a proxy said.

    aiohttp would have a clone made, which its access log does not see; these are the
    values that it keeps once it has worked them out.
    """
    for name, value in zip(Client._fields, client, strict=True):
        if value is not None:
            request._cache[name] = value


def _in_origin_form(message: RawRequestMessage) -> RawRequestMessage:
    """Return a head whose target has no host and no scheme, which aiohttp would believe.

    The host in it takes the place of the header's (RFC 9112, 3.2.2).
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
