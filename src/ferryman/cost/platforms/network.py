"""Network charges of every platform: egress, addresses, NAT, traffic between zones."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ferryman.cost.bill import Charge, Usage
from ferryman.cost.number_format import MONTH_HOURS, plain
from ferryman.cost.platforms.free_tier import ALL_FREE_TIERS, allowance
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.quantity import Quantity, is_array
from ferryman.cost.workload import Inputs

__all__ = (
    "GIGABYTE",
    "cross_zone",
    "internet_egress",
    "nat_gateways",
    "public_addresses",
)

GIGABYTE = 2**30
"""Bytes in a GB, as in AWS's worked example of the REST API."""


def internet_egress(
    inputs: Inputs, book: PriceBook, region: str, *, free_tiers: frozenset[str] = ALL_FREE_TIERS
) -> Iterator[Charge]:
    """Yield the transfer of the responses to the internet.

    The charge leaves out headers, TLS, and other applications that share the free 100 GB.
    """
    free = allowance("egress", "egress.free", book, region, free_tiers)
    yield from _bytes(
        "Egress to the internet", inputs.response_bytes, "egress", book, region, allowance=free
    )


def cross_zone(inputs: Inputs, book: PriceBook, region: str) -> Iterator[Charge]:
    """Yield the traffic between zones, for example to a database. AWS bills both sides."""
    yield from _bytes(
        "Traffic between zones", inputs.cross_zone_bytes * 2, "cross_zone", book, region
    )


def nat_gateways(zones: int, inputs: Inputs, book: PriceBook, region: str) -> Iterator[Charge]:
    """Yield one NAT gateway in each zone, its address, and the bytes through it."""
    yield Charge(
        "NAT gateways",
        Usage(fixed=zones * MONTH_HOURS),
        book.rate("nat.hours", region),
        f"{zones} x {MONTH_HOURS} h",
    )
    yield public_addresses("the NAT gateways", Usage(fixed=zones), book, region)
    yield from _bytes("NAT gateway bytes", inputs.nat_bytes, "nat.bytes", book, region)


def public_addresses(
    of: str, count: Usage, book: PriceBook, region: str, hours: int = MONTH_HOURS
) -> Charge:
    """Return the charge for public IPv4 addresses, all month.

    Args:
        of: The word for their holders on the bill.
        count: How many addresses.
        book: The prices.
        region: An AWS region.
        hours: Hours in the month.
    """
    return Charge(
        f"Public IPv4 of {of}",
        Usage(fixed=count.fixed * hours, per_server=count.per_server * hours),
        book.rate("ipv4.hours", region),
        f"one each x {hours} h",
    )


def _bytes(
    item: str,
    size: Quantity,
    rate: str,
    book: PriceBook,
    region: str,
    allowance: Decimal = Decimal(0),
) -> Iterator[Charge]:
    """Yield a charge for the bytes of each request, if there are any."""
    if is_array(size) or size:
        yield Charge(
            item,
            Usage(per_request=size / GIGABYTE),
            book.rate(rate, region),
            f"requests x {plain(size)} bytes / 2**30",
            allowance,
        )
