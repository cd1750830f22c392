"""Has the app see a request as the client sent it to the first of the trusted proxies.

It is loaded only for an app that trusts some.
"""

from __future__ import annotations

from ferryman.core.proxy_trust import CARRIED_AUTHORIZATION, ProxyTrust
from ferryman.targets.lambda_.runtime.messages import HttpRequest

__all__ = ("through_proxies",)

# Event sources write these themselves, about the client that called them: a proxy's own are
# lost on the way, and what there is, is true.
_OF_SOURCE = frozenset({"x-forwarded-for", "x-forwarded-proto", "x-forwarded-port"})
_OF_PROXY_LOST = frozenset({"x-forwarded-proto", "x-forwarded-port"})


def through_proxies(request: HttpRequest, trust: ProxyTrust) -> HttpRequest:
    """Return a request as the client sent it to the first of the proxies.

    What no trusted proxy has set is taken out of it.

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
