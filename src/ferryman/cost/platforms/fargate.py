"""AWS Fargate tasks behind an Application Load Balancer, under ECS.

AWS bills a task by the second, busy or idle. While one request of a task waits, others run.
ECS itself is free.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Charge, Usage
from ferryman.cost.number_format import MONTH_HOURS, plain
from ferryman.cost.platforms.fleet import Fleet, Sizing
from ferryman.cost.platforms.free_tier import ALL_FREE_TIERS
from ferryman.cost.platforms.load_balancer import LoadBalancer
from ferryman.cost.platforms.network import public_addresses
from ferryman.cost.platforms.platform import OnServers
from ferryman.cost.platforms.purchase import Purchase, bought, purchase_notes, suffix
from ferryman.cost.platforms.surroundings import surroundings
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.workload import Inputs, Workload

__all__ = (
    "FREE_DISK_GB",
    "SIZES",
    "Fargate",
    "TaskRuns",
    "check_size",
    "task_charges",
    "task_hours",
)


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
MOST_DISK_GB = 200

LEAST_SECONDS = 60
"""The shortest time that AWS bills for a task (https://aws.amazon.com/fargate/pricing/)."""


def check_size(vcpu: Decimal, memory_gb: Decimal) -> None:
    """Refuse a size that Fargate does not offer.

    Raises:
        ConfigError: Fargate does not offer it; the hint lists the sizes that it does offer.
    """
    if vcpu not in SIZES:
        sizes = ", ".join(str(size) for size in SIZES)
        raise ConfigError(f"Fargate has no tasks of {vcpu} vCPU", hint=f"it has {sizes}")
    if memory_gb not in SIZES[vcpu]:
        sizes = ", ".join(str(size) for size in SIZES[vcpu])
        raise ConfigError(
            f"Fargate has no tasks of {vcpu} vCPU with {memory_gb} GB",
            hint=f"with {vcpu} vCPU it has {sizes} GB",
        )


@dataclass(frozen=True, slots=True)
class Fargate(OnServers):
    """A service of equal Fargate tasks.

    Args:
        vcpu: vCPUs of a task, a key of `SIZES`.
        memory_gb: Memory of a task, GB, one of the key's values.
        architecture: ``arm64`` or ``x86_64``.
        region: An AWS region.
        sizing: How the tasks are counted.
        purchase: How the tasks are bought.
        disk_gb: Ephemeral storage of a task, 20 to 200 GB; AWS bills what exceeds 20.
        private: Whether the tasks are in private subnets, behind NAT gateways; otherwise each
            has a public address.
        balancer: The load balancer.
        free_tiers: The account's free tiers that are left for it.
    """

    vcpu: Decimal = Decimal("0.25")
    memory_gb: Decimal = Decimal("0.5")
    architecture: str = "arm64"
    region: str = "us-east-1"
    sizing: Sizing = field(default_factory=Sizing)
    purchase: Purchase = "on-demand"
    disk_gb: int = FREE_DISK_GB
    private: bool = False
    balancer: LoadBalancer = field(default_factory=LoadBalancer)
    free_tiers: frozenset[str] = ALL_FREE_TIERS

    def __post_init__(self) -> None:
        check_size(self.vcpu, self.memory_gb)
        if not FREE_DISK_GB <= self.disk_gb <= MOST_DISK_GB:
            raise ConfigError(
                f"Fargate has no tasks with {self.disk_gb} GB of ephemeral storage",
                hint=f"it has {FREE_DISK_GB} to {MOST_DISK_GB} GB",
            )

    @property
    def name(self) -> str:
        """Such as ``Fargate arm64 0.25 vCPU 0.5 GB``."""
        size = f"{plain(self.vcpu)} vCPU {plain(self.memory_gb)} GB"
        return f"Fargate {self.architecture} {size}{suffix(self.purchase)}"

    @property
    def assumptions(self) -> str:
        """The number of tasks, and how clients connect."""
        return f"{self.sizing.text}, {self.balancer.assumptions}"

    def fleet(self, book: PriceBook) -> Fleet:
        """Return the tasks as servers to count."""
        return Fleet(self.vcpu, int(self.memory_gb * 1024), self.sizing, contained=True)

    def notes(self, workload: Workload) -> Iterator[str]:
        """Yield notes on the purchase."""
        yield from purchase_notes(self.purchase)

    def server_charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield the tasks' hours and addresses."""
        yield from task_charges(self, MONTH_HOURS, book)
        if not self.private:
            yield public_addresses("the tasks", Usage(per_server=1), book, self.region)

    def charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield the tasks, the balancer, traffic and logs."""
        yield from task_charges(self, MONTH_HOURS, book)
        yield from surroundings("the tasks", self, inputs, book)


@dataclass(frozen=True, slots=True)
class TaskRuns:
    """Tasks that start, run and end, billed as a store is: the same on every platform.

    Args:
        task: The size and architecture of each task.
        runs: Tasks started in a month.
        seconds: How long each runs, including the pull of its image.
    """

    task: Fargate
    runs: int
    seconds: Decimal

    def charges(self, book: PriceBook, region: str) -> Iterator[Charge]:
        """Yield the hours and addresses of the tasks."""
        hours = task_hours(self.runs, self.seconds)
        rate = book.rate("ipv4.hours", region)
        yield Charge("Public IPv4 of tasks that end", Usage(fixed=hours), rate, "task-hours")
        for charge in task_charges(replace(self.task, region=region), hours, book):
            usage = Usage(fixed=charge.usage.per_server)
            yield replace(charge, item=f"{charge.item} of tasks that end", usage=usage)


def task_hours(runs: int, seconds: int | Decimal) -> Decimal:
    """Return the hours that AWS bills for tasks that start, run and end.

    Args:
        runs: Tasks started in a month.
        seconds: How long each runs, including the pull of its image. AWS rounds up to whole
            seconds, and bills at least a minute.
    """
    whole = max(LEAST_SECONDS, math.ceil(seconds))
    return Decimal(runs * whole) / 3600


def task_charges(task: Fargate, hours: int | Decimal, book: PriceBook) -> Iterator[Charge]:
    """Yield what the tasks cost by themselves.

    Args:
        task: The size, architecture, region and purchase of each task.
        hours: Hours that each task runs in a month; `task_hours` for tasks that end.
        book: The prices.
    """
    kind, region = task.architecture, task.region
    for item, units, unit, rate in (
        ("Fargate vCPU", task.vcpu, "vCPU", f"fargate.vcpu.{kind}"),
        ("Fargate memory", task.memory_gb, "GB", f"fargate.memory.{kind}"),
    ):
        formula = f"task-hours x {plain(units)} {unit}"
        yield from bought(
            item, units * hours, rate, region, book, formula, task.purchase, task.sizing
        )
    beyond = task.disk_gb - FREE_DISK_GB
    if beyond > 0:
        yield Charge(
            "Fargate ephemeral storage",
            Usage(per_server=3600 * beyond * hours),
            book.rate("fargate.disk", region),
            f"task-seconds x {beyond} GB above 20",
        )
