"""Formats counts, sizes and figures for people."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

__all__ = ("counted", "size_text", "three_digits")


def counted(count: float, noun: str, plural: str = "") -> str:
    """Return a count with its noun: ``1 request``, ``2,000 requests``, ``1.5 days``.

    Args:
        count: The number; a fraction is rounded to three digits.
        noun: The singular noun.
        plural: The plural noun; by default the noun and an s.
    """
    number = three_digits(count)
    return f"{number} {noun if number == '1' else plural or f'{noun}s'}"


def size_text(size: float) -> str:
    """Return a size in the largest unit that it fills, to three digits: ``1.5 MiB``.

    Args:
        size: Bytes.
    """
    for power, unit in ((30, "GiB"), (20, "MiB"), (10, "KiB")):
        # A size that rounds to 1,024 of a unit is 1 of the next.
        if size >= 2**power * (1 - 5e-4):
            return f"{three_digits(size / 2**power)} {unit}"
    return counted(size, "byte")


def three_digits(number: Decimal | float) -> str:
    """Return a number with three significant digits, grouped, without an exponent: ``0.0123``."""
    exact = Decimal(number)
    if not exact.is_finite():
        return str(number)
    places = max(0, 2 - exact.adjusted()) if exact else 0
    text = f"{exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
