"""Lambda@Edge: the function runs at CloudFront's locations, on its origin request.

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
    """A function that CloudFront runs near its clients. Its requests have no free tier.

    Args:
        region: The AWS region whose CloudFront and log prices apply.
        free_tiers: The account's free tiers that are left for it.
    """

    region: str = "us-east-1"
    free_tiers: frozenset[str] = ALL_FREE_TIERS

    @property
    def name(self) -> str:
        """The name in tables."""
        return "Lambda@Edge"

    @property
    def assumptions(self) -> str:
        """When it runs."""
        return "runs at the origin request, on every request: CloudFront caches nothing"

    def notes(self, _: Workload) -> Iterator[str]:
        """Yield what Lambda@Edge lacks."""
        yield (
            "Lambda@Edge has no environment variables, layers, VPC or provisioned concurrency;"
            " ferryman cannot build for it"
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
            "cloudfront", inputs, book, self.region, LoadBalancer(), free_tiers=self.free_tiers
        )
        size = inputs.log_bytes + LAMBDA_LOG_BYTES
        yield from log_charges(size, "logs.lambda", book, self.region, free_tiers=self.free_tiers)
