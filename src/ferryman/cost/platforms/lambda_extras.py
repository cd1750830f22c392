"""What AWS bills a Lambda function besides requests and duration.

Source of every rule: https://aws.amazon.com/lambda/pricing/.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from ferryman.cost.bill import Charge, Usage
from ferryman.cost.number_format import MONTH_SECONDS, plain
from ferryman.cost.platforms.free_tier import allowance
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.quantity import Quantity, larger
from ferryman.cost.workload import Inputs

__all__ = ("ephemeral", "provisioned", "snapstart", "streaming", "tenants")

FREE_STREAM = 6 * 2**20
"""Bytes of each response that Lambda streams free of charge."""


def ephemeral(seconds: Quantity, beyond_mib: int, book: PriceBook, region: str) -> Charge:
    """Return the charge for the part of ``/tmp`` above 512 MiB."""
    beyond = Fraction(beyond_mib, 1024)
    return Charge(
        "Lambda ephemeral storage",
        Usage(per_request=seconds * beyond_mib / 1024),
        book.rate("lambda.ephemeral", region),
        f"requests x {plain(seconds)} s x {plain(beyond)} GB above 512 MB",
    )


def provisioned(
    ready_seconds: int,
    per_request: Quantity,
    gigabytes: Quantity,
    architecture: str,
    book: PriceBook,
    region: str,
) -> Iterator[Charge]:
    """Yield provisioned concurrency, and the duration of the requests that it serves.

    The bill assumes that traffic is even while the environments are ready. Uneven traffic
    leaves some of them idle while other requests run on demand, which costs more.

    Args:
        ready_seconds: Environments times the seconds for which they are ready.
        per_request: GB-seconds of a request, times the share of the requests that come while
            the environments are ready.
        gigabytes: Memory of the function, GB.
        architecture: ``arm64`` or ``x86_64``.
        book: The prices.
        region: An AWS region.
    """
    ready = Fraction(ready_seconds) * gigabytes
    yield Charge(
        "Lambda provisioned concurrency",
        Usage(fixed=ready),
        book.rate(f"lambda.provisioned.{architecture}", region),
        f"{plain(ready_seconds)} s ready x {plain(gigabytes)} GB",
    )
    yield Charge(
        "Lambda duration on provisioned concurrency",
        Usage(per_request=per_request, most=ready),
        book.rate(f"lambda.provisioned_duration.{architecture}", region),
        f"requests x {plain(per_request)} GB-s, at most the ready GB-s",
    )


def snapstart(
    inputs: Inputs, book: PriceBook, region: str, seconds: int = MONTH_SECONDS
) -> Iterator[Charge]:
    """Yield the cache of one published version, and a restore for each cold start.

    Args:
        inputs: The workload.
        book: The prices.
        region: An AWS region.
        seconds: How long the version is active in the month.
    """
    gigabytes = inputs.memory_mib / 1024
    yield Charge(
        "SnapStart cache",
        Usage(fixed=seconds * gigabytes),
        book.rate("lambda.snapstart.cache", region),
        f"{seconds} s x {plain(gigabytes)} GB",
    )
    yield Charge(
        "SnapStart restores",
        Usage(per_request=inputs.cold_start_share * gigabytes),
        book.rate("lambda.snapstart.restore", region),
        f"requests x {plain(inputs.cold_start_share)} x {plain(gigabytes)} GB",
    )


def tenants(inputs: Inputs, book: PriceBook, region: str) -> Charge:
    """Return the charge for environments that each serve one tenant, by their memory.

    AWS bills one for each cold start. There are more cold starts than when tenants share
    environments, which `Workload.cold_start_share` must include.
    """
    gigabytes = inputs.memory_mib / 1024
    return Charge(
        "Lambda tenant isolation",
        Usage(per_request=inputs.cold_start_share * gigabytes),
        book.rate("lambda.tenant", region),
        f"requests x {plain(inputs.cold_start_share)} x {plain(gigabytes)} GB",
    )


def streaming(
    inputs: Inputs, book: PriceBook, region: str, *, free_tiers: frozenset[str]
) -> Iterator[Charge]:
    """Yield the bytes of a streamed response after its first 6 MiB."""
    beyond = inputs.mean_over_responses(lambda size: larger(size - FREE_STREAM, 0))
    free = allowance("lambda", "lambda.free.streaming", book, region, free_tiers)
    yield Charge(
        "Lambda response streaming",
        Usage(per_request=beyond / 2**30),
        book.rate("lambda.streaming", region),
        f"requests x {plain(beyond, 3)} bytes / 2**30, the mean above 6 MiB",
        free,
    )
