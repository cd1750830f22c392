"""The distribution of response sizes, for charges that depend on the size of each response.

Lambda streams the first 6 MiB of a response for free, and an HTTP API meters steps of 512 KB.
Three small responses and one of 7 MB have a mean below 6 MiB, but AWS bills a part of the large
one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from ferryman.core.errors import ConfigError
from ferryman.cost.number_format import plain
from ferryman.cost.quantity import Quantity, is_array
from ferryman.cost.units import BYTES, NUMBER, SHARE, parse_number

__all__ = ("ResponseSizes", "parse_sizes")

LARGEST = 2**30
"""The largest allowed size, bytes."""


@dataclass(frozen=True, slots=True)
class ResponseSizes:
    """The sizes of responses, with their frequencies.

    Args:
        parts: Sizes in bytes, each with the number or the share of the responses that have it.

    Raises:
        ConfigError: No size is given, or a number is out of range.
    """

    parts: tuple[tuple[Fraction, Fraction], ...]

    def __post_init__(self) -> None:
        if any(not 0 <= size <= LARGEST or count < 0 for size, count in self.parts):
            raise ConfigError(
                "response sizes must be 0 to 1 GiB, and their shares 0 or more",
                hint="write 3KB:99%,7MB:1%",
            )
        if not self._count:
            raise ConfigError("the shares of all sizes are 0", hint="write 3KB:99%,7MB:1%")

    @property
    def _count(self) -> Fraction:
        return sum((count for _, count in self.parts), Fraction(0))

    @property
    def mean(self) -> Fraction:
        """The mean size of a response, bytes."""
        return sum((size * count for size, count in self.parts), Fraction(0)) / self._count

    @property
    def largest(self) -> Fraction:
        """The size of the largest response, bytes."""
        return max(size for size, count in self.parts if count)

    def mean_of(self, billed: Callable[[Quantity], Quantity], mean: Quantity) -> Quantity:
        """Return the mean of what is billed for a response.

        Args:
            billed: Returns what is billed for a response of a size in bytes.
            mean: The mean size, bytes. A simulation may draw another mean than `mean`: all sizes
                are then scaled by the same factor.
        """
        own = self.mean
        shares: list[tuple[Quantity, Quantity]] = [(x, n / self._count) for x, n in self.parts]
        if is_array(mean):
            scale = mean / float(own) if own else 0.0 * mean
            shares = [(float(size), float(share)) for size, share in shares]
        else:
            scale = Fraction(mean) / own if own else Fraction(1)
        return sum(billed(size * scale) * share for size, share in shares)

    @property
    def text(self) -> str:
        """Half a sentence for a table: the largest size, and the share above 6 MiB."""
        large = sum((count for size, count in self.parts if size > 6 * 2**20), Fraction(0))
        share = plain(large / self._count * 100, 2)
        return f"up to {plain(self.largest, 0)} bytes, {share} % of them above 6 MiB"


def parse_sizes(label: str, text: str) -> ResponseSizes:
    """Return the sizes in a text such as ``3KB:99%,7MB:1%``.

    Args:
        label: The name of the text, for errors.
        text: Sizes separated by commas, each with the share or the number of its responses.

    Raises:
        ConfigError: The text has another form.
    """
    return ResponseSizes(tuple(_parts(label, text.split(","))))


def _parts(label: str, texts: Iterable[str]) -> Iterable[tuple[Fraction, Fraction]]:
    for text in texts:
        size, colon, count = text.partition(":")
        if not colon:
            raise ConfigError(
                f"{label}: {text!r} is not a size and its share", hint="write 3KB:99%,7MB:1%"
            )
        unit = SHARE if count.strip().endswith("%") else NUMBER
        numbers = parse_number(size, BYTES, label), parse_number(count, unit, label)
        if not all(number.is_finite() and number <= Decimal(10) ** 15 for number in numbers):
            raise ConfigError(f"{label}: {text!r} is out of range", hint="write 3KB:99%,7MB:1%")
        yield Fraction(numbers[0]), Fraction(numbers[1])
