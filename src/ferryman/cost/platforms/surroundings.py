"""What tasks, instances and nodes all need besides themselves.

Addresses or NAT gateways, a load balancer, egress, traffic between zones, logs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from ferryman.cost.bill import Charge, Usage
from ferryman.cost.platforms.load_balancer import LoadBalancer
from ferryman.cost.platforms.logs import log_charges
from ferryman.cost.platforms.network import (
    cross_zone,
    internet_egress,
    nat_gateways,
    public_addresses,
)
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.workload import Inputs

__all__ = ("Surrounded", "surroundings")


class Surrounded(Protocol):
    """What `surroundings` must know about servers."""

    @property
    def region(self) -> str:
        """An AWS region."""

    @property
    def private(self) -> bool:
        """Whether they are behind NAT gateways; otherwise each has a public address."""

    @property
    def balancer(self) -> LoadBalancer | None:
        """The load balancer; ``None`` for a single box, which clients reach at its address."""

    @property
    def free_tiers(self) -> frozenset[str]:
        """The account's free tiers that are left for them."""


def surroundings(of: str, servers: Surrounded, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
    """Yield everything that is billed besides the servers.

    Args:
        of: The word for the servers on the bill.
        servers: The servers.
        inputs: The workload.
        book: The prices.
    """
    region, balancer = servers.region, servers.balancer
    if servers.private and balancer:
        yield from nat_gateways(balancer.zones, inputs, book, region)
    else:
        yield public_addresses(of, Usage(per_server=1), book, region)
    if balancer:
        yield from balancer.charges(inputs, book, region)
    yield from internet_egress(inputs, book, region, free_tiers=servers.free_tiers)
    yield from cross_zone(inputs, book, region)
    size = inputs.log_bytes
    yield from log_charges(size, "logs.ingest", book, region, free_tiers=servers.free_tiers)
