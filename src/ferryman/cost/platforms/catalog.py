"""The platforms by the names that the command line and the configuration use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from ferryman.core.errors import ConfigError
from ferryman.cost.capacity import Objective
from ferryman.cost.platforms.ec2 import USUAL_DISK, Ec2, single_box
from ferryman.cost.platforms.eks import NODE_DISK, Eks, EksFargate
from ferryman.cost.platforms.fargate import FREE_DISK_GB, Fargate
from ferryman.cost.platforms.fleet import Sizing
from ferryman.cost.platforms.front_door import FRONT_DOORS, FrontDoor
from ferryman.cost.platforms.gke import Gke
from ferryman.cost.platforms.lambda_ import LambdaFunction
from ferryman.cost.platforms.load_balancer import LoadBalancer
from ferryman.cost.platforms.managed_instances import ManagedInstances
from ferryman.cost.platforms.platform import NotSoldError, Platform, price
from ferryman.cost.platforms.pod import Pod
from ferryman.cost.platforms.purchase import PURCHASES, Purchase
from ferryman.cost.platforms.storage import Disk
from ferryman.cost.prices.book import MissingPriceError, PriceBook, suggest
from ferryman.cost.workload import Workload

__all__ = ("ALL", "USUAL", "USUAL_SIZING", "Choices", "make_platforms", "platform_names", "sold")

USUAL = ("lambda-url", "lambda-http-api", "fargate", "ec2")
"""What is compared unless others are named."""

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
    "ec2",
    "ec2-spot",
    "eks",
    "eks-fargate",
    "gke",
    "box",
)
"""One of each."""

USUAL_SIZING = Sizing(objective=Objective(Decimal(100)))

_USUAL_INSTANCE = {"arm64": "m7g.large", "x86_64": "m6i.large"}
_USUAL_BOX = {"arm64": "t4g.small", "x86_64": "t3.small"}


@dataclass(frozen=True, slots=True)
class Choices:
    """What the platforms have in common.

    Args:
        region: An AWS region.
        architecture: ``arm64`` or ``x86_64``, wherever there is a choice.
        free_tier: Whether the account's free tiers are left for this application.
        task: vCPUs and GB of a Fargate task.
        instance: The EC2 instance type; ``None`` for a usual one of the architecture.
        box: The type of a single box; ``None`` for a usual one.
        sizing: How servers are counted.
        private: Whether servers stand behind NAT gateways.
        pod: What a pod asks for.
        balancer: How clients connect, wherever there is a load balancer.
        disk: The gp3 volume of each instance; ``None`` for a usual one.
        task_disk_gb: Ephemeral storage of a Fargate task, GB.
        extended: Whether EKS runs a Kubernetes version in extended support.
        machine: The type of Google's nodes.
        function: The Lambda function, for what it buys besides requests and duration.
    """

    region: str = "us-east-1"
    architecture: str = "arm64"
    free_tier: bool = True
    task: tuple[Decimal, Decimal] = (Decimal("0.5"), Decimal(1))
    instance: str | None = None
    box: str | None = None
    sizing: Sizing = USUAL_SIZING
    private: bool = False
    pod: Pod = field(default_factory=Pod)
    balancer: LoadBalancer = field(default_factory=LoadBalancer)
    disk: Disk | None = None
    task_disk_gb: int = FREE_DISK_GB
    extended: bool = False
    machine: str = "e2-standard-2"
    function: LambdaFunction = field(default_factory=LambdaFunction)

    @property
    def type(self) -> str:
        """The EC2 instance type."""
        return self.instance or _USUAL_INSTANCE[self.architecture]

    @property
    def surroundings(self) -> dict[str, Any]:
        """What `surroundings` reads of servers, besides their region."""
        return {"private": self.private, "balancer": self.balancer, "free_tier": self.free_tier}


def make_platforms(names: Iterable[str], choices: Choices | None = None) -> tuple[Platform, ...]:
    """Return the platforms of these names, each once.

    Raises:
        ConfigError: A name is unknown, or a choice is nothing that the platform offers.
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
    """Return the platforms that are sold and have prices, and why others are left out.

    Raises:
        ConfigError: None is left, or something else is wrong.
    """
    found: list[Platform] = []
    missing: dict[str, ConfigError] = {}
    for platform in platforms:
        try:
            price(platform, workload, book)
        except (MissingPriceError, NotSoldError) as error:
            missing[platform.name] = error
        else:
            found.append(platform)
    if missing and not found:
        raise next(iter(missing.values()))
    notes = (f"{name} is left out: {e.message}; {e.cause}" for name, e in missing.items())
    return tuple(found), tuple(notes)


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
    makers["eks-fargate"] = lambda c: EksFargate(
        region=c.region,
        sizing=c.sizing,
        extended=c.extended,
        balancer=c.balancer,
        free_tier=c.free_tier,
    )
    makers["gke"] = lambda c: Gke(c.machine, pod=c.pod, sizing=c.sizing)
    makers["box"] = lambda c: single_box(
        c.box or _USUAL_BOX[c.architecture],
        c.region,
        c.sizing,
        disk=c.disk or USUAL_DISK,
        free_tier=c.free_tier,
    )
    return makers


def _function(door: FrontDoor) -> Callable[[Choices], Platform]:
    return lambda c: replace(
        c.function,
        front_door=door,
        architecture=c.architecture,
        region=c.region,
        free_tier=c.free_tier,
        balancer=c.balancer,
    )


def _servers(purchase: Purchase) -> dict[str, Callable[[Choices], Platform]]:
    return {
        "managed-instances": lambda c: ManagedInstances(
            c.type,
            region=c.region,
            sizing=_three(c.sizing),
            purchase=purchase,
            private=c.private,
            balancer=c.balancer,
            free_tier=c.free_tier,
        ),
        "fargate": lambda c: Fargate(
            *(*c.task, c.architecture, c.region, c.sizing, purchase),
            disk_gb=c.task_disk_gb,
            **c.surroundings,
        ),
        "ec2": lambda c: Ec2(
            *(c.type, c.region, c.sizing, purchase), disk=c.disk or USUAL_DISK, **c.surroundings
        ),
        "eks": lambda c: Eks(
            *(c.type, c.region, c.pod, c.sizing, purchase, c.extended),
            disk=c.disk or NODE_DISK,
            **c.surroundings,
        ),
    }


def _three(sizing: Sizing) -> Sizing:
    """AWS starts an instance in each of three zones, whatever is asked for."""
    return replace(sizing, minimum=max(3, sizing.minimum))
