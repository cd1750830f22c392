"""Adds the headers in which a gateway describes the client."""

from __future__ import annotations

from ferryman.targets.lambda_.runtime.messages import HttpRequest

__all__ = ("forward",)

_PORTS = {"http": "80", "https": "443"}


def forward(request: HttpRequest, names: tuple[str, ...]) -> HttpRequest:
    """Return a request with the headers that a source sets.

    The client's address is appended to X-Forwarded-For. The other headers replace the client's.

    Args:
        request: The request, as the client sent it.
        names: The headers that the source sets.
    """
    sent = [(name, value) for name, value in request.headers if name.lower() not in names]
    return request.with_headers([*sent, *[(name, _value(name, request)) for name in names]])


def _value(name: str, request: HttpRequest) -> str:
    if name != "x-forwarded-for":
        return _PORTS[request.scheme] if name == "x-forwarded-port" else request.scheme
    before = [value for header, value in request.headers if header.lower() == name]
    return ", ".join([*before, request.remote or "127.0.0.1"])
