"""EC2 instances on demand behind an Application Load Balancer.

Burstable (T) types are priced in unlimited mode, their default: CPU above the baseline is
billed, not free. The instances stand in public subnets with an address each.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from ferryman.cost.bill import Bill, Charge, cost_curve, make_bill
from ferryman.cost.curve import Curve, linear, positive_part, total
from ferryman.cost.figures import MONTH_HOURS, plain
from ferryman.cost.platforms.fleet import Fleet, describe_sizing
from ferryman.cost.platforms.load_balancer import LoadBalancer
from ferryman.cost.platforms.network import internet_egress, public_addresses
from ferryman.cost.platforms.storage import gp3_volumes
from ferryman.cost.prices.book import InstanceType, PriceBook
from ferryman.cost.workload import Workload

__all__ = ("Ec2",)


@dataclass(frozen=True, slots=True)
class Ec2:
    """Equal EC2 instances.

    Args:
        instance: An instance type, such as ``m7g.large``.
        region: An AWS region.
        minimum: Instances kept running whatever the load.
        utilisation: Share of the CPU that the busy hour may use.
        disk_gb: Size of each instance's gp3 volume, GB.
        balancer: The load balancer before the instances.
    """

    instance: str = "m7g.large"
    region: str = "us-east-1"
    minimum: int = 2
    utilisation: Decimal = Decimal("0.6")
    disk_gb: int = 8
    balancer: LoadBalancer = field(default_factory=LoadBalancer)

    @property
    def name(self) -> str:
        """Such as ``EC2 m7g.large``."""
        return f"EC2 {self.instance}"

    @property
    def pays_per_request(self) -> bool:
        """False: instances cost money while they wait."""
        return False

    @property
    def assumptions(self) -> str:
        """How the instances are sized and reached."""
        sizing = describe_sizing(self.minimum, self.utilisation)
        return f"{sizing}, {self.balancer.assumptions}, {self.disk_gb} GB of disk each"

    def bill(self, workload: Workload, book: PriceBook) -> Bill:
        """Return what a month of the workload costs."""
        fleet = self._fleet(book.instance(self.instance))
        count = fleet.count(workload, workload.requests)
        return make_bill(
            self.name,
            workload.requests,
            tuple(self._charges(workload, book, count)),
            highly_available=fleet.highly_available,
            servers=int(count.at(workload.requests)),
        )

    def cost_curve(self, workload: Workload, book: PriceBook, horizon: Decimal) -> Curve:
        """Return USD a month by requests a month, with a step for each instance."""
        count = self._fleet(book.instance(self.instance)).count(workload, horizon)
        return cost_curve(tuple(self._charges(workload, book, count)), horizon)

    def _fleet(self, shape: InstanceType) -> Fleet:
        return Fleet(Decimal(shape.vcpu), shape.memory_mib, self.minimum, self.utilisation)

    def _charges(self, workload: Workload, book: PriceBook, count: Curve) -> Iterator[Charge]:
        shape = book.instance(self.instance)
        yield Charge(
            f"EC2 {self.instance}",
            count.scaled(MONTH_HOURS),
            book.rate(f"ec2.{self.instance}", self.region),
            f"instances x {MONTH_HOURS} h",
        )
        if shape.baseline < 1:
            yield self._surplus(shape, workload, book, count)
        yield from gp3_volumes(count, self.disk_gb, book, self.region)
        yield public_addresses("the instances", count, book, self.region)
        yield from self.balancer.charges(workload, book, self.region)
        yield from internet_egress(workload, book, self.region)

    def _surplus(
        self, shape: InstanceType, workload: Workload, book: PriceBook, count: Curve
    ) -> Charge:
        """Return the charge for CPU above the baseline, on the mean of the month.

        EC2 averages over 24 hours (user guide, unlimited mode), so a day far above the
        month's mean would cost more than this.
        """
        used = linear(Fraction(workload.cpu_ms) / 1000 / 3600)
        earned = count.scaled(shape.vcpu * shape.baseline * MONTH_HOURS)
        return Charge(
            "EC2 surplus CPU credits",
            positive_part(total((used, earned.scaled(-1)))),
            book.rate(f"ec2.surplus.{shape.family}", self.region),
            f"CPU hours above {plain(shape.vcpu * shape.baseline)} vCPU an instance",
        )
