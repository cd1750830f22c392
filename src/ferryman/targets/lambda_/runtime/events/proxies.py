"""Restores a request as the client sent it to the first trusted proxy.

It loads only for apps that trust proxies.
"""

from __future__ import annotations

from ferryman.core.proxy_trust import CARRIED_AUTHORIZATION, ProxyTrust
from ferryman.targets.lambda_.runtime.messages import HttpRequest

__all__ = ("through_proxies",)

# Event sources set these headers themselves for the client that called them. They overwrite a
# proxy's values, so the values are true.
_OF_SOURCE = frozenset({"x-forwarded-for", "x-forwarded-proto", "x-forwarded-port"})
_OF_PROXY_LOST = frozenset({"x-forwarded-proto", "x-forwarded-port"})


def through_proxies(request: HttpRequest, trust: ProxyTrust) -> HttpRequest:
    """Return a request as the client sent it to the first trusted proxy.

    It loses forwarding headers that no trusted proxy has set.

    Args:
        request: The request; `remote` is the address that the event source saw.
        trust: Which proxies are trusted, and with which headers.
    """
    from_proxy = trust.includes(request.remote)
    headers = [
        (name, value)
        for name, value in request.headers
        if name in _OF_SOURCE or not trust.drops(name, from_proxy=from_proxy)
    ]
    if not from_proxy:
        return request.with_headers(headers)
    joined: dict[str, str] = {}
    for name, value in headers:
        if name not in _OF_PROXY_LOST:
            joined[name] = f"{joined[name]},{value}" if name in joined else value
    client = trust.client(joined)
    told = {"host": client.host, "authorization": _carried_authorization(request)}
    headers = [(name, told.get(name) or value) for name, value in headers]
    return request._replace(
        remote=client.remote or request.remote,
        scheme=client.scheme or request.scheme,
        fields=tuple(headers),
    )


def _carried_authorization(request: HttpRequest) -> str | None:
    """Return the client's own Authorization, where the proxy had to sign in its place."""
    carried = CARRIED_AUTHORIZATION.lower()
    return next((value for name, value in request.headers if name == carried), None)
