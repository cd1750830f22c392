"""The parts of HTTP that an event source carries, by names that a test can require.

They come from the table in `gateway.losses`, which the event sources are tested with.
"""

from __future__ import annotations

from ferryman.core.capabilities import Capabilities
from ferryman.local.gateway.all_gateways import find_gateway
from ferryman.local.gateway.losses import CANNOT_CARRY, Loss
from ferryman.targets.lambda_.runtime.capability import CAPABILITIES, offer_streaming
from ferryman.targets.lambda_.runtime.options import streamed_sources

__all__ = ("NAMES", "lacking", "losses", "offered_behind")

NAMES = tuple(dict.fromkeys(name for loss in CANNOT_CARRY for name in loss.lacking))
"""The names that a test can require, in addition to the fields of the capabilities."""

# No source carries the letter case of headers, so it does not distinguish sources.
_NOWHERE = "header_case"


def lacking(source: str) -> frozenset[str]:
    """Return the names of the parts that an event source does not carry."""
    rows = [loss for loss in CANNOT_CARRY if source in loss.sources]
    return frozenset(name for loss in rows for name in loss.lacking)


def losses(source: str) -> tuple[Loss, ...]:
    """Return the parts that an event source does not carry, but others do, and apps may notice."""
    rows = (loss for loss in CANNOT_CARRY if source in loss.sources)
    return tuple(loss for loss in rows if {*loss.lacking} - {_NOWHERE})


def offered_behind(source: str, *, streaming: bool | str = False) -> Capabilities:
    """Return Lambda's capabilities behind an event source.

    Args:
        source: The event source.
        streaming: The sources with streamed responses, as in `[tool.ferryman.lambda]`.

    Raises:
        ConfigError: There is no such event source.
    """
    limits = find_gateway(source).limits
    if source in streamed_sources(streaming):
        return offer_streaming(CAPABILITIES)
    return CAPABILITIES._replace(
        request_limit=min(filter(None, (CAPABILITIES.request_limit, limits.request_body))),
        response_limit=min(filter(None, (CAPABILITIES.response_limit, limits.response_body))),
    )
