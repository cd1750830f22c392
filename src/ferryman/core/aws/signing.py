"""Signs requests to AWS with Signature Version 4.

Source: "Create a signed AWS API request" in the IAM user guide. Tests compare its signatures with
botocore's.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote

from yarl import URL

__all__ = ("Credentials", "Scope", "sign")

_ALGORITHM = "AWS4-HMAC-SHA256"


class Credentials(NamedTuple):
    """The credentials of an AWS caller.

    Attributes:
        key: The access key's id.
        secret: The secret access key.
        token: The session token of credentials that expire, or None.
    """

    key: str
    secret: str
    token: str | None = None


class Scope(NamedTuple):
    """The scope of a signature: a service in a region."""

    service: str
    region: str


def sign(
    credentials: Credentials,
    scope: Scope,
    method: str,
    url: URL,
    body: bytes,
    now: datetime,
    others: Mapping[str, str] = MappingProxyType({}),
) -> Mapping[str, str]:
    """Return the headers that sign a request.

    Args:
        credentials: The caller's credentials.
        scope: The service and region of the signature.
        method: The request's method.
        url: The request's URL; path and query as they are sent.
        body: The whole body.
        now: The time, in UTC; a signature is valid for five minutes.
        others: Further headers to sign; they are returned with the rest.
    """
    time = now.strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    headers = {**others, "X-Amz-Date": time, "X-Amz-Content-Sha256": digest}
    if credentials.token:
        headers["X-Amz-Security-Token"] = credentials.token
    host, path, query = _canonical_place(url)
    signed = sorted([("host", host), *((name.lower(), value) for name, value in headers.items())])
    names = ";".join([name for name, _ in signed])
    lines = "".join([f"{name}:{value}\n" for name, value in signed])
    canonical = f"{method}\n{path}\n{query}\n{lines}\n{names}\n{digest}"
    date = time[:8]
    place = f"{date}/{scope.region}/{scope.service}/aws4_request"
    text = f"{_ALGORITHM}\n{time}\n{place}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = _signing_key(credentials.secret, date, scope)
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    headers["Authorization"] = (
        f"{_ALGORITHM} Credential={credentials.key}/{place}, SignedHeaders={names}, "
        f"Signature={signature}"
    )
    return headers


@lru_cache(maxsize=8)
def _signing_key(secret: str, date: str, scope: Scope) -> bytes:
    """Return the signing key of a day, which all requests of a scope share."""
    key = f"AWS4{secret}".encode()
    for part in (date, scope.region, scope.service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


@lru_cache(maxsize=64)
def _canonical_place(url: URL) -> tuple[str, str, str]:
    """Return the host, the path and the query as they are signed."""
    assert url.host is not None
    host = url.host if url.is_default_port() else f"{url.host}:{url.port}"
    return host, _canonical_path(url.raw_path), _canonical_query(url.raw_query_string)


def _canonical_path(raw_path: str) -> str:
    """Return the path without dots and empty parts, and encoded once more than it is sent."""
    parts: list[str] = []
    for part in raw_path.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    end = "/" if parts and raw_path.endswith("/") else ""
    return quote("/" + "/".join(parts) + end, safe="/~")


def _canonical_query(raw_query: str) -> str:
    pairs = sorted(part.partition("=")[::2] for part in raw_query.split("&") if part)
    return "&".join(f"{name}={value}" for name, value in pairs)
