"""The hosts of AWS that accept signed requests to a function."""

from __future__ import annotations

import re

from yarl import URL

from ferryman.core.aws.signing import Scope

__all__ = ("signing_scope",)

_HOSTS = {
    "lambda": re.compile(r"[a-z0-9]+\.lambda-url\.([a-z0-9-]+)\.on\.aws"),
    "execute-api": re.compile(r"[a-z0-9]+\.execute-api\.([a-z0-9-]+)\.amazonaws\.com"),
}


def signing_scope(url: URL) -> Scope | None:
    """Return the scope of signatures for a Function URL or an API of API Gateway.

    Requests to any other address are not signed: None.
    """
    for service, host in _HOSTS.items():
        if found := host.fullmatch(url.host or ""):
            return Scope(service, found[1])
    return None
