"""Turns counters that only grow into what was counted since the look before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import astuple
from typing import Any

from ferryman.core.errors import FerrymanError
from ferryman.core.judge import Counts

__all__ = ("since", "totals_of")


def since(now: Counts, before: Counts | None) -> Counts:
    """Return what was counted between two looks.

    Args:
        now: The totals of now.
        before: Those of the look before; None counts nothing.

    A total that went backwards is that of a process that was started again: what it counted
    since then is what is known.
    """
    if before is None:
        return Counts()
    if any(a < b for a, b in zip(astuple(now), astuple(before), strict=True)):
        return now
    answers = now.answers - before.answers
    # The counters are read one after the other: a bad answer may come before its answer.
    bad = (
        (now.failures, before.failures),
        (now.rejections, before.rejections),
        (now.slow, before.slow),
    )
    return Counts(answers, *(min(answers, a - b) for a, b in bad))


def totals_of(found: Mapping[str, Any] | None, place: str) -> Counts | None:
    """Return counts that were given as JSON, or None for none.

    Raises:
        FerrymanError: They are no counts.
    """
    if found is None:
        return None
    try:
        numbers = {name: int(value) for name, value in found.items()}
        return Counts(**numbers)
    except (TypeError, ValueError, AttributeError) as error:
        raise FerrymanError(
            f"{place}: these are not the counts of a side: {found!r}",
            cause=str(error),
            hint='such as {"answers": 1000, "failures": 3, "rejections": 10, "slow": 50}',
        ) from None
