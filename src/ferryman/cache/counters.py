"""Counters: values that are numbers, as Redis reads them.

Redis accepts only decimal digits, without a plus, leading zeros or spaces ("INCR").
"""

from __future__ import annotations

import re

from ferryman.cache.declared import COUNTER_HIGH, COUNTER_LOW
from ferryman.cache.exceptions import CounterError

__all__ = ("not_a_counter", "number_of", "out_of_range", "raised")

_NUMBER = re.compile(rb"0|-?[1-9][0-9]{0,18}")


def number_of(key: str, value: bytes) -> int:
    """Return a value as a number.

    Raises:
        CounterError: The value is not a whole number of 64 bits.
    """
    if _NUMBER.fullmatch(value):
        number = int(value)
        if COUNTER_LOW <= number <= COUNTER_HIGH:
            return number
    raise not_a_counter(key)


def raised(key: str, before: int, by: int) -> int:
    """Return the new value of a counter.

    Raises:
        CounterError: The counter would leave the range of 64 bits.
    """
    after = before + by
    if not COUNTER_LOW <= after <= COUNTER_HIGH:
        raise out_of_range(key)
    return after


def not_a_counter(key: str) -> CounterError:
    """Return the error for a value that is not a number."""
    return CounterError(
        f"incr: the value of {key!r} is not a whole number",
        cause="a counter is decimal digits within 64 bits",
        hint="count under a key of its own",
    )


def out_of_range(key: str) -> CounterError:
    """Return the error for a counter that would leave its range."""
    return CounterError(
        f"incr: the counter {key!r} would leave its range",
        cause="counters have 64 bits, in every store",
    )
