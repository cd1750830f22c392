"""AWS Fargate tasks behind an Application Load Balancer.

A task is paid for by the second, busy or idle; one task overlaps the waits of many
requests. The tasks stand in public subnets with an address each, so no NAT gateway.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Bill, Charge, cost_curve, make_bill
from ferryman.cost.curve import Curve
from ferryman.cost.figures import MONTH_HOURS, plain
from ferryman.cost.platforms.fleet import Fleet, describe_sizing
from ferryman.cost.platforms.load_balancer import LoadBalancer
from ferryman.cost.platforms.network import internet_egress, public_addresses
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.workload import Workload

__all__ = ("SIZES", "Fargate", "task_charges")


def _every(low: int, high: int, step: int = 1) -> tuple[Decimal, ...]:
    return tuple(Decimal(size) for size in range(low, high + 1, step))


SIZES: dict[Decimal, tuple[Decimal, ...]] = {
    Decimal("0.25"): (Decimal("0.5"), Decimal(1), Decimal(2)),
    Decimal("0.5"): _every(1, 4),
    Decimal(1): _every(2, 8),
    Decimal(2): _every(4, 16),
    Decimal(4): _every(8, 30),
    Decimal(8): _every(16, 60, 4),
    Decimal(16): _every(32, 120, 8),
    Decimal(32): (Decimal(60), Decimal(120), Decimal(244)),
}
"""GB of memory that each number of vCPUs can have (https://aws.amazon.com/fargate/pricing/)."""

FREE_DISK_GB = 20


@dataclass(frozen=True, slots=True)
class Fargate:
    """A service of equal Fargate tasks.

    Args:
        vcpu: vCPUs of a task, a key of `SIZES`.
        memory_gb: Memory of a task, GB, one of the values there.
        architecture: ``arm64`` or ``x86_64``.
        region: An AWS region.
        minimum: Tasks kept running whatever the load.
        utilisation: Share of the CPU that the busy hour may use.
        disk_gb: Ephemeral storage of a task, GB; what exceeds 20 is billed.
        balancer: The load balancer before the tasks.
    """

    vcpu: Decimal = Decimal("0.25")
    memory_gb: Decimal = Decimal("0.5")
    architecture: str = "arm64"
    region: str = "us-east-1"
    minimum: int = 2
    utilisation: Decimal = Decimal("0.6")
    disk_gb: int = FREE_DISK_GB
    balancer: LoadBalancer = field(default_factory=LoadBalancer)

    def __post_init__(self) -> None:
        if self.vcpu not in SIZES:
            sizes = ", ".join(str(size) for size in SIZES)
            raise ConfigError(f"Fargate has no tasks of {self.vcpu} vCPU", hint=f"it has {sizes}")
        if self.memory_gb not in SIZES[self.vcpu]:
            sizes = ", ".join(str(size) for size in SIZES[self.vcpu])
            raise ConfigError(
                f"Fargate has no tasks of {self.vcpu} vCPU with {self.memory_gb} GB",
                hint=f"with {self.vcpu} vCPU it has {sizes} GB",
            )

    @property
    def name(self) -> str:
        """Such as ``Fargate arm64 0.25 vCPU 0.5 GB``."""
        return f"Fargate {self.architecture} {plain(self.vcpu)} vCPU {plain(self.memory_gb)} GB"

    @property
    def pays_per_request(self) -> bool:
        """False: tasks cost money while they wait."""
        return False

    @property
    def fleet(self) -> Fleet:
        """The tasks as servers to be counted."""
        return Fleet(self.vcpu, int(self.memory_gb * 1024), self.minimum, self.utilisation)

    @property
    def assumptions(self) -> str:
        """How the tasks are sized and reached."""
        sizing = describe_sizing(self.minimum, self.utilisation)
        return f"{sizing}, {self.balancer.assumptions}"

    def bill(self, workload: Workload, book: PriceBook) -> Bill:
        """Return what a month of the workload costs."""
        count = self.fleet.count(workload, workload.requests)
        return make_bill(
            self.name,
            workload.requests,
            tuple(self._charges(workload, book, count)),
            highly_available=self.fleet.highly_available,
            servers=int(count.at(workload.requests)),
        )

    def cost_curve(self, workload: Workload, book: PriceBook, horizon: Decimal) -> Curve:
        """Return USD a month by requests a month, with a step for each task."""
        count = self.fleet.count(workload, horizon)
        return cost_curve(tuple(self._charges(workload, book, count)), horizon)

    def _charges(self, workload: Workload, book: PriceBook, count: Curve) -> Iterator[Charge]:
        yield from task_charges(self, count.scaled(MONTH_HOURS), book)
        yield public_addresses("the tasks", count, book, self.region)
        yield from self.balancer.charges(workload, book, self.region)
        yield from internet_egress(workload, book, self.region)


def task_charges(task: Fargate, hours: Curve, book: PriceBook) -> Iterator[Charge]:
    """Yield what the tasks alone cost.

    Args:
        task: Their size, architecture and region.
        hours: Task-hours a month, by requests a month.
        book: The prices.
    """
    kind, region = task.architecture, task.region
    yield Charge(
        "Fargate vCPU",
        hours.scaled(task.vcpu),
        book.rate(f"fargate.vcpu.{kind}", region),
        f"task-hours x {plain(task.vcpu)} vCPU",
    )
    yield Charge(
        "Fargate memory",
        hours.scaled(task.memory_gb),
        book.rate(f"fargate.memory.{kind}", region),
        f"task-hours x {plain(task.memory_gb)} GB",
    )
    beyond = task.disk_gb - FREE_DISK_GB
    if beyond > 0:
        yield Charge(
            "Fargate ephemeral storage",
            hours.scaled(3600 * beyond),
            book.rate("fargate.disk", region),
            f"task-seconds x {beyond} GB above 20",
        )
