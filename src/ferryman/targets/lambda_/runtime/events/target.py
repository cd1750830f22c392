"""Builds the raw request target from the path and the query of an event.

Encoded parts stay as they are, byte for byte. Decoded parts are encoded again, so that the app
parses the target as it would on a server.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from ferryman.targets.lambda_.runtime.events.fields import MalformedEvent

__all__ = (
    "escape_path",
    "escape_query",
    "keep_query",
    "query_string",
    "request_target",
    "strip_base_path",
)

# All printable ASCII. Only characters that a target may not have (spaces, controls, all beyond
# ASCII) are encoded.
_PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F))
# These two would end a name or a value of a query.
_IN_QUERY = _PRINTABLE.replace("&", "").replace("#", "")
# RFC 3986, 3.4, without the characters that forms use.
_DECODED_QUERY = "-._~!$'()*,:@/?"
# A path holds these only encoded.
_NOT_IN_PATH = r"%(?![0-9A-Fa-f]{2})|[?#]"


def request_target(path: str, query: str) -> str:
    """Return the target of a raw path and a raw query."""
    target = f"{path}?{query}" if query else path
    if target[:1] == "/" and target.isascii() and target.isprintable() and " " not in target:
        return target
    if not path.startswith("/"):
        target = f"/{target}"
    return quote(target, safe=_PRINTABLE, errors="surrogatepass")


def escape_path(path: str) -> str:
    """Return a decoded path, encoded for a target. Escapes in it stay as they are."""
    if "%" in path or "?" in path or "#" in path:
        return re.sub(_NOT_IN_PATH, lambda found: f"%{ord(found[0]):02X}", path)
    return path


def strip_base_path(target: str, base_path: str) -> str:
    """Return a target without the base path of the app.

    Args:
        target: The request target.
        base_path: Whole segments, such as `/api`, which does not match `/apifoo`. A target without
            it stays as it is.
    """
    base = base_path.rstrip("/")
    if not base.startswith("/"):
        base = f"/{base}"
    if base == "/" or not target.startswith(base):
        return target
    rest = target[len(base) :]
    if not rest or rest[0] == "?":
        return f"/{rest}"
    return rest if rest[0] == "/" else target


def query_string(parameters: dict[str, Any], escape: Callable[[str], str]) -> str:
    """Return the query of parameters, each with a value or a list of values; null is empty.

    Args:
        parameters: The parameters, in order.
        escape: Encodes a name or a value.

    Raises:
        MalformedEvent: A value is not text.
    """
    pairs = []
    for name, values in parameters.items():
        for value in values if isinstance(values, list) else (values,):
            if isinstance(value, int | float) and not isinstance(value, bool):
                value = str(value)
            if value is not None and not isinstance(value, str):
                raise MalformedEvent("the event has a query parameter that is not text")
            pairs.append(f"{escape(name)}={escape(value or '')}")
    return "&".join(pairs)


def escape_query(text: str) -> str:
    """Return a decoded name or value, encoded for a query."""
    if text.isascii() and text.isalnum():
        return text
    return quote(text, safe=_DECODED_QUERY, errors="surrogatepass")


def keep_query(text: str) -> str:
    """Return an encoded name or value, byte for byte."""
    if text.isascii() and text.isalnum():
        return text
    return quote(text, safe=_IN_QUERY, errors="surrogatepass")
