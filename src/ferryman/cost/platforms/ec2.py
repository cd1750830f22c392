"""EC2 instances: a fleet behind an Application Load Balancer, or a single box without one.

Burstable (T) types are priced in unlimited mode, their default, in which AWS bills CPU above
the baseline.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction

from ferryman.cost.bill import Charge, Usage
from ferryman.cost.number_format import MONTH_HOURS, plain
from ferryman.cost.platforms.fleet import Fleet, Sizing
from ferryman.cost.platforms.free_tier import ALL_FREE_TIERS
from ferryman.cost.platforms.load_balancer import LoadBalancer
from ferryman.cost.platforms.network import public_addresses
from ferryman.cost.platforms.platform import OnServers
from ferryman.cost.platforms.purchase import Purchase, bought, purchase_notes, suffix
from ferryman.cost.platforms.storage import Disk, gp3_volumes
from ferryman.cost.platforms.surroundings import surroundings
from ferryman.cost.prices.book import PriceBook, is_flex
from ferryman.cost.workload import Inputs, Workload

__all__ = (
    "USUAL_DISK",
    "Ec2",
    "instance_charges",
    "instance_hours",
    "instance_notes",
    "single_box",
)

USUAL_DISK = Disk(8)

SYSTEM_MIB = 200
"""Memory that the operating system of an instance uses, MiB. Assumed."""


@dataclass(frozen=True, slots=True)
class Ec2(OnServers):
    """Equal EC2 instances.

    Args:
        instance: An instance type, such as ``m7g.large``.
        region: An AWS region.
        sizing: How the instances are counted.
        purchase: How the instances are bought.
        disk: Each instance's gp3 volume.
        private: Whether the instances are in private subnets, behind NAT gateways; otherwise
            each has a public address.
        balancer: The load balancer; ``None`` for a single box.
        free_tiers: The account's free tiers that are left for it.
    """

    instance: str = "m7g.large"
    region: str = "us-east-1"
    sizing: Sizing = field(default_factory=Sizing)
    purchase: Purchase = "on-demand"
    disk: Disk = USUAL_DISK
    private: bool = False
    balancer: LoadBalancer | None = field(default_factory=LoadBalancer)
    free_tiers: frozenset[str] = ALL_FREE_TIERS

    @property
    def name(self) -> str:
        """Such as ``EC2 m7g.large``, or ``One m7g.large`` without a balancer."""
        family = "EC2" if self.balancer else "One"
        return f"{family} {self.instance}{suffix(self.purchase)}"

    @property
    def highly_available(self) -> bool:
        """Whether there are always two instances behind a balancer."""
        return self.balancer is not None and self.sizing.highly_available

    @property
    def assumptions(self) -> str:
        """The number of instances, how clients connect, and the disk."""
        front = self.balancer.assumptions if self.balancer else "no load balancer"
        return f"{self.sizing.text}, {front}, {self.disk.gigabytes} GB of disk each"

    def fleet(self, book: PriceBook) -> Fleet:
        """Return the instances as servers to count."""
        shape = book.instance(self.instance)
        memory_mib, sustained = shape.memory_mib - SYSTEM_MIB, shape.sustained
        return Fleet(Decimal(shape.vcpu), memory_mib, self.sizing, sustained=sustained)

    def notes(self, workload: Workload) -> Iterator[str]:
        """Yield notes on the instance type, the purchase and a missing load balancer."""
        yield from instance_notes(self.instance, self.purchase)
        if not self.balancer:
            yield "one box: the app is down while it restarts, and the box itself terminates TLS"

    def server_charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield the instances' hours, surplus credits, disks and addresses."""
        yield from instance_charges(self, inputs, book)
        if not self.private:
            yield public_addresses("the instances", Usage(per_server=1), book, self.region)

    def charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield the instances, the balancer, traffic and logs."""
        yield from instance_charges(self, inputs, book)
        of = "the instances" if self.balancer else "the box"
        yield from surroundings(of, self, inputs, book)


def single_box(
    instance: str,
    region: str = "us-east-1",
    sizing: Sizing | None = None,
    *,
    disk: Disk = USUAL_DISK,
    free_tiers: frozenset[str] = ALL_FREE_TIERS,
) -> Ec2:
    """Return a single instance without a load balancer.

    Args:
        instance: An instance type.
        region: An AWS region.
        sizing: How full it may be; the numbers of servers in it are ignored.
        disk: Its gp3 volume.
        free_tiers: As in `Ec2`.
    """
    base = sizing or Sizing()
    one = replace(base, minimum=1, spare=0, scaling="fixed", maximum=1)
    return Ec2(instance, region, one, disk=disk, balancer=None, free_tiers=free_tiers)


def instance_notes(instance: str, purchase: Purchase) -> Iterator[str]:
    """Yield what a reader must know about an instance type, and about how it is bought."""
    yield from purchase_notes(purchase)
    if is_flex(instance):
        yield (
            f"{instance}: AWS provides all of its CPU 95 % of the time, and 40 % always; this bill"
            " uses at most 40 % on average over the month"
        )


def instance_charges(server: Ec2, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
    """Yield what the instances cost by themselves: their hours, surplus credits and disks."""
    yield from instance_hours(server, book)
    if book.instance(server.instance).baseline < 1:
        yield _surplus(server, inputs, book)
    yield from gp3_volumes(Usage(per_server=1), server.disk, book, server.region)


def instance_hours(server: Ec2, book: PriceBook) -> Iterator[Charge]:
    """Yield what the hours of instances cost in the way that they are bought."""
    yield from bought(
        f"EC2 {server.instance}",
        Decimal(MONTH_HOURS),
        f"ec2.{server.instance}",
        server.region,
        book,
        f"instances x {MONTH_HOURS} h",
        server.purchase,
        server.sizing,
    )


def _surplus(server: Ec2, inputs: Inputs, book: PriceBook) -> Charge:
    """Return the charge for CPU above the baseline, on average over the month.

    EC2 averages over 24 hours (user guide, unlimited mode), so a day far above the month's
    mean costs more than this.
    """
    shape = book.instance(server.instance)
    earned = shape.vcpu * Fraction(shape.baseline)
    return Charge(
        "EC2 surplus CPU credits",
        Usage(per_request=inputs.cpu_ms / 3_600_000, per_server=-earned * MONTH_HOURS),
        book.rate(f"ec2.surplus.{shape.family}", server.region),
        f"CPU hours above {plain(earned)} vCPU an instance",
    )
