"""What of HTTP an event source carries, in names that a test can ask for.

Which source lacks what is read from the table that the event sources are tested with.
"""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.core.capabilities import Capabilities
from ferryman.targets.lambda_.gateway.losses import CANNOT_CARRY, Loss
from ferryman.targets.lambda_.gateway.sources import find_gateway
from ferryman.targets.lambda_.runtime.capability import CAPABILITIES, offer_streaming
from ferryman.targets.lambda_.runtime.events import SOURCES

__all__ = ("CARRIED", "lacking", "losses", "offered_behind")

CARRIED: Mapping[str, tuple[str, ...]] = {
    "header_case": ("the letter case of header names",),
    "raw_path": ("the escapes in a path",),
    "raw_query": ("how a query is encoded", "a repeated name in a query"),
    "repeated_query": ("a repeated name in a query",),
    "repeated_headers": ("a repeated header",),
}
"""Names, and how the rows of the table begin that say so."""


# No source carries it.
_ALWAYS = "header_case"


def lacking(source: str) -> frozenset[str]:
    """Return the names of what an event source does not carry."""
    lost = [loss.what for loss in CANNOT_CARRY if source in loss.sources]
    return frozenset(
        name
        for name, beginnings in CARRIED.items()
        if any(what.startswith(beginnings) for what in lost)
    )


def losses(source: str) -> tuple[Loss, ...]:
    """Return what an event source does not carry that others do, and an app may notice."""
    beginnings = tuple(text for name, texts in CARRIED.items() if name != _ALWAYS for text in texts)
    return tuple(
        loss for loss in CANNOT_CARRY if source in loss.sources and loss.what.startswith(beginnings)
    )


def offered_behind(source: str, *, streaming: bool = False) -> Capabilities:
    """Return what Lambda offers an app behind an event source.

    Args:
        source: The event source.
        streaming: Whether responses are streamed, where the source passes them on so.

    Raises:
        ConfigError: There is no such event source.
    """
    limits = find_gateway(source).limits
    if streaming and any(each.streams for each in SOURCES if each.name == source):
        return offer_streaming(CAPABILITIES)
    return CAPABILITIES._replace(
        request_limit=min(filter(None, (CAPABILITIES.request_limit, limits.request_body))),
        response_limit=min(filter(None, (CAPABILITIES.response_limit, limits.response_body))),
    )
