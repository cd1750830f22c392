"""Formats the cost room's numbers, and rounds them for people."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal
from fractions import Fraction

from ferryman.cost.quantity import Quantity, is_array
from ferryman.records.wording import three_digits

__all__ = (
    "MONTH_HOURS",
    "MONTH_SECONDS",
    "exact",
    "plain",
    "rate_per_second",
    "six_places",
    "usd",
    "volume",
)

MONTH_HOURS = 730
"""Hours in a month, as in AWS's own calculators."""

MONTH_SECONDS = MONTH_HOURS * 3600

_FIFTY_DIGITS = Context(prec=50)


def exact(value: Fraction) -> Decimal:
    """Return the fraction as a decimal: exact if it has at most 50 digits, else rounded to 50."""
    quotient = _FIFTY_DIGITS.divide(Decimal(value.numerator), Decimal(value.denominator))
    return quotient.normalize(_FIFTY_DIGITS)


def plain(value: Quantity | Decimal, places: int = 10) -> str:
    """Return the number without an exponent or trailing zeros, with at most ``places`` decimals.

    An array, which has one value per draw, is shown as ``(drawn)``.
    """
    if is_array(value):
        return "(drawn)"
    number = exact(Fraction(value))
    if -number.as_tuple().exponent > places:  # type: ignore[operator]  # it is finite
        number = round(number, places)
    text = f"{number:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def six_places(value: Decimal) -> str:
    """Return the number with at most six decimals and without grouping, for JSON."""
    return f"{value.quantize(Decimal('0.000001'), ROUND_HALF_UP).normalize():f}"


def usd(amount: Decimal) -> str:
    """Return an amount rounded to cents, such as ``1,234.50``; ``-`` if it is infinite."""
    if not amount.is_finite():
        return "-"
    return f"{amount.quantize(Decimal('0.01'), ROUND_HALF_UP):,f}"


def volume(requests: Decimal | Fraction) -> str:
    """Return a number of requests with three digits: ``58.8 M``, ``950 k``, ``12``."""
    number = exact(Fraction(requests))
    for size, unit in ((Decimal(10**6), " M"), (Decimal(10**3), " k")):
        if number >= size:
            return f"{three_digits(number / size)}{unit}"
    return three_digits(number)


def rate_per_second(requests: Decimal | Fraction) -> str:
    """Return the mean rate of a month's requests, with three digits and without the unit."""
    return three_digits(exact(Fraction(requests) / MONTH_SECONDS))
