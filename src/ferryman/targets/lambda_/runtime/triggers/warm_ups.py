"""Recognises the pings that keep an environment warm, which the app never sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ("WARM", "is_warm_up")

WARM: dict[str, Any] = {"ferryman": "warm"}
"""The answer to a ping, and the ping itself."""

# serverless-plugin-warmup sends the first, and other warmers the second.
_PINGS: tuple[Mapping[str, object], ...] = (
    {"source": "serverless-plugin-warmup"},
    {"warmup": True},
    WARM,
)


def is_warm_up(event: object) -> bool:
    """Return whether an event only wants the environment to be there."""
    return isinstance(event, dict) and any(
        all(event.get(key) == value for key, value in ping.items()) for ping in _PINGS
    )
