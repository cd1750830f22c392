"""The platforms by the names that the command line and the configuration use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from typing import Any

from ferryman.core.errors import ConfigError
from ferryman.cost.capacity import Objective
from ferryman.cost.hybrid.overflowing import Hybrid
from ferryman.cost.number_format import plain
from ferryman.cost.platforms.ec2 import USUAL_DISK, Ec2, single_box
from ferryman.cost.platforms.eks import EKS_FARGATE_MIB, NODE_DISK, Eks, EksFargate
from ferryman.cost.platforms.fargate import FREE_DISK_GB, Fargate
from ferryman.cost.platforms.fargate import SIZES as FARGATE_SIZES
from ferryman.cost.platforms.fleet import Sizing
from ferryman.cost.platforms.free_tier import ALL_FREE_TIERS
from ferryman.cost.platforms.front_door import FRONT_DOORS, FrontDoor
from ferryman.cost.platforms.gke import Gke
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.lambda_edge import EdgeFunction
from ferryman.cost.platforms.load_balancer import LoadBalancer
from ferryman.cost.platforms.managed_instances import ManagedInstances
from ferryman.cost.platforms.platform import NotSoldError, Platform
from ferryman.cost.platforms.pod import Pod
from ferryman.cost.platforms.purchase import PURCHASES, Purchase, suffix
from ferryman.cost.platforms.sizes import Size, SizedPlatform, price
from ferryman.cost.platforms.storage import Disk
from ferryman.cost.prices.book import MissingPriceError, PriceBook, is_flex, load_book, suggest
from ferryman.cost.workload import Workload

__all__ = (
    "ALL",
    "USUAL",
    "USUAL_SIZING",
    "Choices",
    "make_platforms",
    "platform_names",
    "sold",
)

USUAL = ("lambda-url", "lambda-http-api", "fargate", "ec2")
"""The platforms that ferryman compares by default."""

ALL = (
    "lambda-url",
    "lambda-http-api",
    "lambda-rest-api",
    "lambda-alb",
    "lambda-cloudfront",
    "lambda-cloudfront-plan",
    "managed-instances",
    "fargate",
    "fargate-spot",
    "fargate+lambda",
    "ec2",
    "ec2-spot",
    "ec2+lambda",
    "eks",
    "eks-fargate",
    "gke",
    "box",
)
"""The platforms of a comparison of everything: at least one of each kind."""

HYBRID = ("fargate", "ec2", "eks", "eks-fargate", "box")
"""Servers that can send requests to a function when they are full, as NAME+lambda. Spot and
savings plans of them can too."""

USUAL_SIZING = Sizing(objective=Objective(Decimal(100)))
USUAL_TASK = (Decimal("0.5"), Decimal(1))

_USUAL_INSTANCE = {"arm64": "m7g.large", "x86_64": "m6i.large"}
_USUAL_BOX = {"arm64": "t4g.small", "x86_64": "t3.small"}


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices that platforms share.

    Args:
        region: An AWS region.
        architecture: ``arm64`` or ``x86_64``, for the platforms that offer both.
        free_tiers: The account's free tiers that are left for this application.
        task: vCPUs and GB of a Fargate task; ``None`` for the usual size.
        instance: The EC2 instance type; ``None`` for the usual one of the architecture.
        box: The type of a single box; ``None`` for the usual one of the architecture.
        every_size: Whether to use the cheapest of all sizes at each volume, instead of the
            usual one.
        sizing: How servers are counted.
        private: Whether servers are in private subnets, behind NAT gateways.
        pod: The resources that a pod requests; ``None`` for the usual ones.
        balancer: How clients connect, for the platforms with a load balancer.
        disk: The gp3 volume of each instance; ``None`` for the usual one.
        task_disk_gb: Ephemeral storage of a Fargate task, GB.
        extended: Whether EKS runs a Kubernetes version in extended support.
        machine: The machine type of Google's nodes.
        function: The Lambda function, for what it buys besides requests and duration.
    """

    region: str = "us-east-1"
    architecture: str = "arm64"
    free_tiers: frozenset[str] = ALL_FREE_TIERS
    task: tuple[Decimal, Decimal] | None = None
    instance: str | None = None
    box: str | None = None
    sizing: Sizing = USUAL_SIZING
    private: bool = False
    pod: Pod | None = None
    balancer: LoadBalancer = field(default_factory=LoadBalancer)
    disk: Disk | None = None
    task_disk_gb: int = FREE_DISK_GB
    extended: bool = False
    machine: str = "e2-standard-2"
    function: LambdaFunction = field(default_factory=LambdaFunction)
    every_size: bool = False

    @property
    def instances(self) -> tuple[str, ...]:
        """The EC2 instance types to compare."""
        if self.instance or not self.every_size:
            return (self.instance or _USUAL_INSTANCE[self.architecture],)
        return _instances(self.architecture)

    @property
    def boxes(self) -> tuple[str, ...]:
        """The types of a single box to compare."""
        if self.box or not self.every_size:
            return (self.box or _USUAL_BOX[self.architecture],)
        return _instances(self.architecture)

    @property
    def tasks(self) -> tuple[tuple[Decimal, Decimal], ...]:
        """The sizes of Fargate tasks to compare."""
        if self.task or not self.every_size:
            return (self.task or USUAL_TASK,)
        return _tasks()

    @property
    def server_arguments(self) -> dict[str, Any]:
        """The arguments that most platforms of servers share."""
        names = ("region", "sizing", "private", "balancer", "free_tiers")
        return {name: getattr(self, name) for name in names}


def make_platforms(names: Iterable[str], choices: Choices | None = None) -> tuple[Platform, ...]:
    """Return the platforms with these names, each once.

    Raises:
        ConfigError: A name is unknown, or a platform does not offer a choice.
    """
    known = _makers()
    wanted = tuple(dict.fromkeys(names))
    for name in wanted:
        if name not in known:
            raise ConfigError(
                f"there is no platform {name!r}", hint=suggest(name, known, "there are")
            )
    return tuple(known[name](choices or Choices()) for name in wanted)


def sold(
    platforms: Iterable[Platform], workload: Workload, book: PriceBook
) -> tuple[tuple[Platform, ...], tuple[str, ...]]:
    """Return the platforms that are sold and have prices, and notes on why others are left out.

    Raises:
        ConfigError: No platform is left, or the workload does not fit one.
    """
    priced: list[Platform] = []
    missing: dict[str, ConfigError] = {}
    for platform in platforms:
        try:
            price(platform, workload, book)
        except (MissingPriceError, NotSoldError) as error:
            missing[platform.name] = error
        else:
            priced.append(platform)
    if missing and not priced:
        raise next(iter(missing.values()))
    reasons = {name: "; ".join(filter(None, (e.message, e.cause))) for name, e in missing.items()}
    notes = tuple(f"{name} is left out: {reason}" for name, reason in reasons.items())
    return tuple(priced), notes


def platform_names() -> Sequence[str]:
    """Return every name that `make_platforms` knows."""
    return tuple(_makers())


def _makers() -> Mapping[str, Callable[[Choices], Platform]]:
    makers: dict[str, Callable[[Choices], Platform]] = {}
    for door in FRONT_DOORS:
        makers[f"lambda-{door.removeprefix('function-')}"] = _function(door)
    for purchase in PURCHASES:
        tail = "" if purchase == "on-demand" else f"-{purchase}"
        for name, make in _servers(purchase).items():
            makers[name + tail] = make
    del makers["managed-instances-spot"]
    makers["eks-fargate"] = _eks_fargate
    makers["gke"] = lambda c: Gke(
        c.machine, pod=c.pod or Pod(), sizing=c.sizing, credit="gke" in c.free_tiers
    )
    makers["box"] = _box
    makers["lambda-edge"] = lambda c: EdgeFunction(c.region, c.free_tiers)
    for name in tuple(makers):
        if name.removesuffix("-spot").partition("-savings")[0] in HYBRID:
            makers[f"{name}+lambda"] = _hybrid(makers[name])
    return makers


def _function(door: FrontDoor) -> Callable[[Choices], Platform]:
    return lambda c: replace(
        c.function,
        front_door=door,
        architecture=c.architecture,
        region=c.region,
        free_tiers=c.free_tiers,
        balancer=c.balancer,
    )


def _servers(purchase: Purchase) -> dict[str, Callable[[Choices], Platform]]:
    return {
        "managed-instances": lambda c: _managed(c, purchase),
        "fargate": lambda c: _fargate(c, purchase),
        "ec2": lambda c: _of_sizes(
            f"EC2 {c.architecture}{suffix(purchase)}",
            {
                name: Ec2(name, purchase=purchase, disk=c.disk or USUAL_DISK, **c.server_arguments)
                for name in c.instances
            },
        ),
        "eks": lambda c: _of_sizes(
            f"EKS {c.architecture}{suffix(purchase)}",
            {
                name: Eks(
                    name,
                    pod=c.pod or Pod(),
                    purchase=purchase,
                    extended=c.extended,
                    disk=c.disk or NODE_DISK,
                    **c.server_arguments,
                )
                for name in c.instances
            },
        ),
    }


def _managed(c: Choices, purchase: Purchase) -> Platform:
    # AWS starts an instance in each of three zones, even if the user asks for fewer.
    c = replace(c, sizing=replace(c.sizing, minimum=max(3, c.sizing.minimum)))
    sizes: dict[str, Size] = {
        name: ManagedInstances(name, purchase=purchase, **c.server_arguments)
        for name in c.instances
    }
    return _of_sizes(f"Managed Instances {c.architecture}{suffix(purchase)}, Function URL", sizes)


def _fargate(c: Choices, purchase: Purchase) -> Platform:
    sizes: dict[str, Size] = {
        _task_name(*task): Fargate(
            *task,
            architecture=c.architecture,
            purchase=purchase,
            disk_gb=c.task_disk_gb,
            **c.server_arguments,
        )
        for task in c.tasks
    }
    return _of_sizes(f"Fargate {c.architecture}{suffix(purchase)}", sizes)


def _eks_fargate(c: Choices) -> Platform:
    tasks = (smallest_task(c.pod),) if c.pod and not c.task else c.tasks
    sizes: dict[str, Size] = {
        _task_name(*task): EksFargate(
            *task,
            region=c.region,
            sizing=c.sizing,
            extended=c.extended,
            balancer=c.balancer,
            free_tiers=c.free_tiers,
        )
        for task in tasks
    }
    return _of_sizes("EKS on Fargate", sizes)


def smallest_task(pod: Pod) -> tuple[Decimal, Decimal]:
    """Return the smallest Fargate size that holds a pod and the memory that Kubernetes adds.

    Raises:
        ConfigError: No size is large enough.
    """
    needed = Decimal(pod.memory_mib + EKS_FARGATE_MIB) / 1024
    for vcpu, memories in FARGATE_SIZES.items():
        for memory in memories:
            if vcpu >= pod.vcpu and memory >= needed:
                return vcpu, memory
    raise ConfigError(f"Fargate has no size for {pod.text}", hint="choose smaller pods")


def _box(c: Choices) -> Platform:
    sizes: dict[str, Size] = {
        name: single_box(
            name, c.region, c.sizing, disk=c.disk or USUAL_DISK, free_tiers=c.free_tiers
        )
        for name in c.boxes
    }
    return _of_sizes(f"One box {c.architecture}", sizes)


def _hybrid(make: Callable[[Choices], Platform]) -> Callable[[Choices], Platform]:
    def both(c: Choices) -> Platform:
        # The function absorbs the peaks, so the servers need not scale by the hour.
        steady = replace(c, sizing=replace(c.sizing, scaling="fixed"))
        overflow = replace(
            c.function, architecture=c.architecture, region=c.region, free_tiers=c.free_tiers
        )
        return Hybrid(make(steady), overflow)

    return both


def _of_sizes(name: str, sizes: Mapping[str, Size]) -> Platform:
    """Return a platform of these sizes; if there is one size, return that size itself."""
    return SizedPlatform(name, sizes) if len(sizes) > 1 else next(iter(sizes.values()))


@cache
def _instances(architecture: str) -> tuple[str, ...]:
    """Return every instance type of an architecture but the flex types.

    What a flex type carries is uncertain, so ferryman uses one only if the user names it.
    """
    shapes = load_book().instances.values()
    kept = (x for x in shapes if x.architecture == architecture and not is_flex(x.name))
    return tuple(shape.name for shape in kept)


@cache
def _tasks() -> tuple[tuple[Decimal, Decimal], ...]:
    """Return Fargate sizes: for each number of vCPUs the least memory, and 2 and 4 times it."""
    return tuple(
        (vcpu, memory)
        for vcpu, memories in FARGATE_SIZES.items()
        for memory in memories
        if memory in (memories[0], 2 * memories[0], 4 * memories[0])
    )


def _task_name(vcpu: Decimal, memory_gb: Decimal) -> str:
    return f"{plain(vcpu)} vCPU {plain(memory_gb)} GB"
