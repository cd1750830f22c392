"""Lambda@Edge: the function runs where CloudFront is, at its origin request.

Sources: Lambda@Edge in https://aws.amazon.com/cloudfront/pricing/, and the restrictions on
Lambda@Edge in the Amazon CloudFront Developer Guide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ferryman.cost.bill import Charge, Usage
from ferryman.cost.number_format import plain
from ferryman.cost.platforms.free_tier import ALL_FREE_TIERS
from ferryman.cost.platforms.front_door import door_charges
from ferryman.cost.platforms.lambda_ import billed_seconds
from ferryman.cost.platforms.load_balancer import LoadBalancer
from ferryman.cost.platforms.logs import LAMBDA_LOG_BYTES, log_charges
from ferryman.cost.platforms.platform import OnLambda
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.workload import Inputs, Workload

__all__ = ("EdgeFunction",)


@dataclass(frozen=True, slots=True)
class EdgeFunction(OnLambda):
    """A function that CloudFront runs near its clients. It has no free tier of its own.

    Args:
        region: The AWS region whose CloudFront and log prices count.
        free_tiers: The account's free tiers that are left for it.
    """

    region: str = "us-east-1"
    free_tiers: frozenset[str] = ALL_FREE_TIERS

    @property
    def name(self) -> str:
        """What tables call it."""
        return "Lambda@Edge"

    @property
    def assumptions(self) -> str:
        """Where it runs."""
        return "every request reaches it, at the origin request; nothing is taken as cached"

    def notes(self, _: Workload) -> Iterator[str]:
        """Yield what must be known before it is chosen."""
        yield (
            "Lambda@Edge has no environment variables, layers, VPC and provisioned concurrency;"
            " ferryman builds no function for it"
        )

    def charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield requests, duration by the millisecond, and what CloudFront and the logs bill."""
        seconds, gigabytes = billed_seconds(inputs), inputs.memory_mib / 1024
        rate = book.rate("lambda_edge.requests", self.region)
        yield Charge("Lambda@Edge requests", Usage(per_request=1), rate, "requests")
        yield Charge(
            "Lambda@Edge duration",
            Usage(per_request=seconds * gigabytes),
            book.rate("lambda_edge.duration", self.region),
            f"requests x {plain(seconds)} s x {plain(gigabytes)} GB",
        )
        yield from door_charges(
            *("cloudfront", inputs, book, self.region, LoadBalancer()), free_tiers=self.free_tiers
        )
        size = inputs.log_bytes + LAMBDA_LOG_BYTES
        yield from log_charges(size, "logs.lambda", book, self.region, free_tiers=self.free_tiers)
