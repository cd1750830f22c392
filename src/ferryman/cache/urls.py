"""Parses the URL of a store. Passwords and tokens in it are never shown."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from ferryman.cache.exceptions import CacheConfigError

__all__ = ("StoreUrl", "read_url")

SCHEMES: Mapping[str, tuple[str, frozenset[str]]] = {
    "memory": ("memory://", frozenset({"max_bytes"})),
    "redis": ("redis://host:6379/0", frozenset({"max_connections", "timeout"})),
    "rediss": ("rediss://user:password@host:6379/0", frozenset({"max_connections", "timeout"})),
    "dynamodb": (
        "dynamodb://table?region=eu-central-1",
        frozenset({"region", "consistent", "timeout"}),
    ),
    "upstash": ("upstash://:token@name.upstash.io", frozenset({"timeout"})),
}
"""The schemes, each with an example and with ferryman's options."""

_NEAR = {"valkey": "redis", "valkeys": "rediss", "https": "upstash", "mem": "memory"}
_LEFT_TO_REDIS = frozenset({"redis", "rediss"})


class StoreUrl(NamedTuple):
    """The parsed URL of a store.

    Attributes:
        scheme: Its scheme, one of `SCHEMES`.
        text: The URL without ferryman's options.
        shown: The URL for people, without user, password and options.
        name: The host, or the table, as it is written.
        port: The port, or None.
        password: The password or token, or None.
        options: ferryman's options.
    """

    scheme: str
    text: str
    shown: str
    name: str
    port: int | None
    password: str | None
    options: Mapping[str, str]

    def number(self, option: str, default: float) -> float:
        """Return a numeric option above 0.

        Raises:
            CacheConfigError: The option is not a number above 0.
        """
        try:
            number = float(self.options.get(option, default))
        except ValueError:
            number = 0
        if not 0 < number < float("inf"):
            raise CacheConfigError(
                f"the cache's URL {self.shown}: {option} is not a number above 0",
                hint=f"write it as in ?{option}={default:g}",
            )
        return number


def read_url(text: str) -> StoreUrl:
    """Read a store's URL.

    Raises:
        CacheConfigError: The text is not such a URL.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise CacheConfigError(
            "the cache's URL cannot be read", cause=str(error), hint=_examples()
        ) from error
    if parts.scheme not in SCHEMES:
        raise _unknown(parts.scheme)
    name = parts.netloc.rpartition("@")[2]
    name = name if port is None else name.rpartition(":")[0]
    shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
    if not name and parts.scheme != "memory":
        raise CacheConfigError(
            f"the cache's URL {shown} names no {_what(parts.scheme)}",
            hint=f"write it as in {SCHEMES[parts.scheme][0]}",
        )
    ours, others = _options(parts, shown)
    password = unquote(parts.password) if parts.password else None
    bare = parts._replace(query=urlencode(others)).geturl()
    return StoreUrl(parts.scheme, bare, shown, name, port, password, ours)


def _options(parts: SplitResult, shown: str) -> tuple[dict[str, str], dict[str, str]]:
    known = SCHEMES[parts.scheme][1]
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    others = {name: value for name, value in given.items() if name not in known}
    if others and parts.scheme not in _LEFT_TO_REDIS:
        name = next(iter(others))
        near = get_close_matches(name, known, 1)
        raise CacheConfigError(
            f"the cache's URL {shown} has an unknown option, {name}",
            hint=f"did you mean {near[0]}?" if near else f"it takes {', '.join(sorted(known))}",
        )
    return {name: value for name, value in given.items() if name in known}, others


def _unknown(scheme: str) -> CacheConfigError:
    near = [_NEAR[scheme]] if scheme in _NEAR else get_close_matches(scheme, SCHEMES, 1)
    hint = f"did you mean {near[0]}://? " if near else ""
    return CacheConfigError(
        f"the cache's URL has the scheme {scheme or 'none'!r}, which no store has",
        hint=f"{hint}{_examples()}",
    )


def _examples() -> str:
    return "write one of " + ", ".join(example for example, _ in SCHEMES.values())


def _what(scheme: str) -> str:
    return "table" if scheme == "dynamodb" else "host"
