"""Suggests the known name that an unknown one may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

__all__ = ("did_you_mean",)


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """Return `did you mean 'memory'?`, or None if no known name is close."""
    close = get_close_matches(name, sorted(known), n=1, cutoff=0.6)
    return f"did you mean '{close[0]}'?" if close else None
