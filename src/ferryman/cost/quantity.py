"""Arithmetic that works for exact fractions and for numpy arrays of floats.

The room writes each equation once. With fractions it gives an exact bill, with arrays thousands of
bills at once. Only this module distinguishes the two, and it imports numpy only for an array.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

__all__ = (
    "Quantity",
    "as_floats",
    "ceiling",
    "chosen_of",
    "exponential",
    "is_array",
    "larger",
    "logarithm",
    "smaller",
    "to_grid",
)

Quantity = Any
"""A `Fraction` or an ``int``, or a numpy array of floats."""

GRID = 2**20
"""The number of steps of `to_grid` in 1."""


def is_array(value: Quantity) -> bool:
    """Return whether the value is an array and not a number."""
    return hasattr(value, "dtype")


def larger(first: Quantity, second: Quantity) -> Quantity:
    """Return the larger of the two, element by element."""
    if is_array(first) or is_array(second):
        import numpy

        return numpy.maximum(_float(first), _float(second))
    return max(first, second)


def smaller(first: Quantity, second: Quantity) -> Quantity:
    """Return the smaller of the two, element by element."""
    if is_array(first) or is_array(second):
        import numpy

        return numpy.minimum(_float(first), _float(second))
    return min(first, second)


def ceiling(value: Quantity) -> Quantity:
    """Return a value rounded up to a whole number."""
    if is_array(value):
        import numpy

        return numpy.ceil(value)
    return math.ceil(value)


def chosen_of(value: Quantity, places: Quantity) -> Quantity:
    """Return an array's values at some places; a number is the same at all places."""
    return value[places] if is_array(value) and value.shape else value


def exponential(value: Quantity) -> Quantity:
    """Return e to the power of the value."""
    if is_array(value):
        import numpy

        return numpy.exp(value)
    return math.exp(value)


def logarithm(value: Quantity) -> Quantity:
    """Return the natural logarithm of the value."""
    if is_array(value):
        import numpy

        return numpy.log(value)
    return math.log(value)


def to_grid(value: Quantity) -> Quantity:
    """Return the value rounded down to a multiple of 2**-20.

    It turns the float of an iteration into a fraction with a short denominator, and gives an array
    the same values.
    """
    if is_array(value):
        import numpy

        return numpy.floor(value * GRID) / GRID
    return Fraction(math.floor(value * GRID), GRID)


def as_floats(value: Quantity) -> Quantity:
    """Return a number as a float, an array as an array of floats.

    After arithmetic with a fraction, numpy keeps an array's values as objects: exact but slow.
    """
    if is_array(value):
        return value if value.dtype == float else value.astype(float)
    return float(value)


def _float(value: Quantity) -> Quantity:
    return value if is_array(value) else float(value)
