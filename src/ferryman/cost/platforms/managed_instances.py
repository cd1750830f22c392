"""Lambda Managed Instances: Lambda's programming model on EC2 instances of the account.

Requests cost the same as on Lambda, duration is free, and each instance costs its EC2 price
and a fee. An environment serves many requests at once, on what Lambda leaves of the instance.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

from ferryman.cost.bill import Charge, Usage
from ferryman.cost.number_format import MONTH_HOURS
from ferryman.cost.platforms.ec2 import Ec2, instance_hours, instance_notes
from ferryman.cost.platforms.fleet import Fleet, Sizing
from ferryman.cost.platforms.free_tier import ALL_FREE_TIERS
from ferryman.cost.platforms.front_door import DOOR_NAMES, FrontDoor, door_charges, door_notes
from ferryman.cost.platforms.load_balancer import LoadBalancer
from ferryman.cost.platforms.logs import log_charges
from ferryman.cost.platforms.network import cross_zone, nat_gateways
from ferryman.cost.platforms.platform import NotSoldError, OnServers
from ferryman.cost.platforms.purchase import Purchase, scaled, suffix
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.workload import Inputs, Workload

__all__ = ("ManagedInstances", "fee")

FAMILIES = "cmr"
TOO_SMALL = ("nano", "micro", "small", "medium")
"""AWS offers the families C, M and R, in sizes from large up. Source, also of what Lambda reserves:
https://github.com/aws/agent-toolkit-for-aws, skills/specialized-skills/serverless-skills,
aws-lambda-managed-instances/SKILL.md, 2026."""

RESERVED_VCPU = 1
RESERVED_MIB = 1024
"""What Lambda reserves of each instance for itself."""

REQUESTS_PER_VCPU = 16
"""Requests that a Python environment serves at once for each vCPU by default (Lambda developer
guide, Managed Instances)."""


@dataclass(frozen=True, slots=True)
class ManagedInstances(OnServers):
    """A function on Lambda Managed Instances.

    Args:
        instance: An EC2 instance type.
        front_door: How requests reach the function.
        region: An AWS region.
        sizing: How the instances are counted; AWS starts three, one per zone.
        purchase: How the instances are bought. No plan lowers the fee, and a capacity provider
            cannot ask for spot instances.
        private: Whether the instances reach AWS through NAT gateways, and not through existing
            endpoints of the subnets.
        balancer: How clients connect, for the front door ``alb``; its zones are those of the
            NAT gateways.
        free_tiers: The account's free tiers that are left for it.
    """

    instance: str = "m7g.large"
    front_door: FrontDoor = "function-url"
    region: str = "us-east-1"
    sizing: Sizing = field(default_factory=lambda: Sizing(minimum=3))
    purchase: Purchase = "on-demand"
    private: bool = False
    balancer: LoadBalancer = field(default_factory=LoadBalancer)
    free_tiers: frozenset[str] = ALL_FREE_TIERS

    def __post_init__(self) -> None:
        if self.purchase == "spot":
            raise NotSoldError(
                "Managed Instances do not run on spot instances",
                hint="choose a savings plan, savings-1y or savings-3y",
            )

    @property
    def name(self) -> str:
        """Such as ``Managed Instances m7g.large, Function URL``."""
        door = DOOR_NAMES[self.front_door]
        return f"Managed Instances {self.instance}{suffix(self.purchase)}, {door}"

    @property
    def assumptions(self) -> str:
        """How the instances are sized."""
        reserved = f"{RESERVED_VCPU} vCPU and {RESERVED_MIB // 1024} GB of each reserved by Lambda"
        return f"{self.sizing.text}, {reserved}, {REQUESTS_PER_VCPU} requests at once per vCPU"

    def fleet(self, book: PriceBook) -> Fleet:
        """Return the instances as servers to be counted.

        Raises:
            NotSoldError: Managed Instances do not run on this type.
        """
        shape = book.instance(self.instance)
        size = self.instance.partition(".")[2]
        vcpu, memory_mib = shape.vcpu - RESERVED_VCPU, shape.memory_mib - RESERVED_MIB
        if shape.family[0] not in FAMILIES or size in TOO_SMALL:
            raise NotSoldError(
                f"Managed Instances do not run on {self.instance}",
                cause="they run on the families C, M and R, in sizes from large up",
                hint="choose another type with --instance, such as m7g.large",
            )
        slots, sustained = REQUESTS_PER_VCPU * vcpu, shape.sustained
        return Fleet(Decimal(vcpu), memory_mib, self.sizing, slots, sustained=sustained)

    def notes(self, workload: Workload) -> Iterator[str]:
        """Yield notes on the instance type, on scaling and on the network."""
        yield from instance_notes(self.instance, self.purchase)
        yield "Lambda throttles requests if traffic more than doubles within five minutes"
        if not self.private:
            yield "its instances must reach AWS's services; --private adds NAT gateways for that"
        yield from door_notes(self.front_door, workload)

    def charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield requests, instances, fee and front door."""
        kind = book.instance(self.instance).architecture
        rate = book.rate(f"lambda.requests.{kind}", self.region)
        yield Charge("Lambda requests", Usage(per_request=1), rate, "requests")
        yield from self.server_charges(inputs, book)
        free = self.free_tiers
        yield from door_charges(
            self.front_door, inputs, book, self.region, self.balancer, free_tiers=free
        )
        if self.private:
            yield from nat_gateways(self.balancer.zones, inputs, book, self.region)
        yield from cross_zone(inputs, book, self.region)
        yield from log_charges(inputs.log_bytes, "logs.lambda", book, self.region, free_tiers=free)

    def server_charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield the instances' hours and the fee."""
        instances = Ec2(self.instance, self.region, self.sizing, self.purchase)
        yield from instance_hours(instances, book)
        yield fee(self.instance, Usage(per_server=MONTH_HOURS), self.region, book)


def fee(instance: str, hours: Usage, region: str, book: PriceBook) -> Charge:
    """Return the management fee: a share of the on-demand price, however instances are bought."""
    share = book.rate("lambda.managed_fee", region)
    rate = scaled(book.rate(f"ec2.{instance}", region), share.value)
    return Charge(
        "Managed Instances fee",
        hours,
        replace(rate, source=share.source, seen=share.seen),
        f"{share.value:.0%} of the on-demand price",
    )
