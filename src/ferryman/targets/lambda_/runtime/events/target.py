"""Makes the request target, raw, of the path and the query in an event.

What came encoded is left as it came, byte for byte; what came decoded is encoded, so
that the app can take the target apart as it would on a server.
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

# All printable ASCII: only what a request target may not hold (spaces, controls, anything
# beyond ASCII) is encoded.
_PRINTABLE = "".join(chr(code) for code in range(0x21, 0x7F))
# In one name or value of a query, these two would end it.
_IN_QUERY = _PRINTABLE.replace("&", "").replace("#", "")
# RFC 3986, 3.4, less what forms give a meaning to.
_DECODED_QUERY = "-._~!$'()*,:@/?"
# What no path holds but encoded, be it only because it means something else there.
_NOT_IN_PATH = r"%(?![0-9A-Fa-f]{2})|[?#]"


def request_target(path: str, query: str) -> str:
    """Return the target of a path and a query, both as a client sent them."""
    target = f"{path}?{query}" if query else path
    if target[:1] == "/" and target.isascii() and target.isprintable() and " " not in target:
        return target
    if not path.startswith("/"):
        target = f"/{target}"
    return quote(target, safe=_PRINTABLE, errors="surrogatepass")


def escape_path(path: str) -> str:
    """Return a path that came decoded as one that a target can hold.

    An escape that stands in it all the same is left as it is.
    """
    if "%" in path or "?" in path or "#" in path:
        return re.sub(_NOT_IN_PATH, lambda found: f"%{ord(found[0]):02X}", path)
    return path


def strip_base_path(target: str, base_path: str) -> str:
    """Return a target without the path that an app is mounted at.

    Args:
        target: The request target.
        base_path: Whole segments, such as `/api`: it is not the beginning of `/apifoo`. A
            target that does not begin with it is returned as it is.
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
    """Return the query of parameters, each with a value or a list of them; null is blank.

    Args:
        parameters: The parameters, in order.
        escape: What makes a name or value fit for a query.

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
    """Return a name or value that came decoded as one that a query can hold."""
    if text.isascii() and text.isalnum():
        return text
    return quote(text, safe=_DECODED_QUERY, errors="surrogatepass")


def keep_query(text: str) -> str:
    """Return a name or value that came encoded, byte for byte."""
    if text.isascii() and text.isalnum():
        return text
    return quote(text, safe=_IN_QUERY, errors="surrogatepass")
