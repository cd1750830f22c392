"""Amazon EKS, on EC2 nodes or with pods on Fargate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from ferryman.cost.bill import Charge
from ferryman.cost.number_format import MONTH_HOURS, plain
from ferryman.cost.platforms.ec2 import Ec2, instance_charges, instance_notes
from ferryman.cost.platforms.fargate import Fargate, check_size, task_charges
from ferryman.cost.platforms.fleet import Fleet, Sizing
from ferryman.cost.platforms.free_tier import ALL_FREE_TIERS
from ferryman.cost.platforms.load_balancer import LoadBalancer
from ferryman.cost.platforms.platform import OnServers
from ferryman.cost.platforms.pod import Pod, control_plane, node_fleet
from ferryman.cost.platforms.purchase import Purchase, suffix
from ferryman.cost.platforms.storage import Disk
from ferryman.cost.platforms.surroundings import surroundings
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.workload import Inputs, Workload

__all__ = ("EKS_FARGATE_MIB", "NODE_DISK", "Eks", "EksFargate")

NODE_DISK = Disk(20)

EKS_FARGATE_MIB = 256
"""Memory of a pod on Fargate that Kubernetes uses itself, MiB (Amazon EKS User Guide)."""


@dataclass(frozen=True, slots=True)
class Eks(OnServers):
    """Amazon EKS on EC2 nodes behind an Application Load Balancer.

    Args:
        instance: The instance type of the nodes.
        region: An AWS region.
        pod: The resources that a pod requests.
        sizing: How the nodes are counted.
        purchase: How the nodes are bought.
        extended: Whether the Kubernetes version is in extended support.
        disk: Each node's gp3 volume.
        private: Whether the nodes are in private subnets, behind NAT gateways.
        balancer: The load balancer.
        free_tiers: The account's free tiers that are left for it.
    """

    instance: str = "m7g.large"
    region: str = "us-east-1"
    pod: Pod = field(default_factory=Pod)
    sizing: Sizing = field(default_factory=Sizing)
    purchase: Purchase = "on-demand"
    extended: bool = False
    disk: Disk = NODE_DISK
    private: bool = False
    balancer: LoadBalancer = field(default_factory=LoadBalancer)
    free_tiers: frozenset[str] = ALL_FREE_TIERS

    @property
    def name(self) -> str:
        """Such as ``EKS m7g.large``."""
        return f"EKS {self.instance}{suffix(self.purchase)}"

    @property
    def assumptions(self) -> str:
        """The pods, the number of nodes, and how clients connect."""
        return f"{self.pod.text}, {self.sizing.text}, {self.balancer.assumptions}"

    def fleet(self, book: PriceBook) -> Fleet:
        """Return the nodes as servers to count."""
        shape = book.instance(self.instance)
        per_node = self.pod.per_node(self.instance, Decimal(shape.vcpu), shape.memory_mib)
        return node_fleet(self.pod, per_node, self.sizing, shape.sustained)

    def notes(self, workload: Workload) -> Iterator[str]:
        """Yield notes on the instance type and the purchase."""
        yield from instance_notes(self.instance, self.purchase)

    def server_charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield the nodes' hours, surplus credits, disks and addresses."""
        return self._nodes.server_charges(inputs, book)

    @property
    def _nodes(self) -> Ec2:
        return Ec2(
            self.instance, self.region, self.sizing, self.purchase, self.disk, private=self.private
        )

    def charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield the control plane, the nodes, the balancer, traffic and logs."""
        yield control_plane("eks", self.region, book, extended=self.extended)
        yield from instance_charges(self._nodes, inputs, book)
        yield from surroundings("the nodes", self, inputs, book)


@dataclass(frozen=True, slots=True)
class EksFargate(OnServers):
    """Amazon EKS with pods on Fargate, on x86: EKS offers no other architecture there.

    Args:
        vcpu: vCPUs of a pod, one of Fargate's sizes.
        memory_gb: Memory of a pod, GB; Kubernetes uses 0.25 of it.
        region: An AWS region.
        sizing: How the pods are counted.
        extended: Whether the Kubernetes version is in extended support.
        balancer: The load balancer.
        free_tiers: The account's free tiers that are left for it.
    """

    vcpu: Decimal = Decimal("0.25")
    memory_gb: Decimal = Decimal(1)
    region: str = "us-east-1"
    sizing: Sizing = field(default_factory=Sizing)
    extended: bool = False
    balancer: LoadBalancer = field(default_factory=LoadBalancer)
    free_tiers: frozenset[str] = ALL_FREE_TIERS

    def __post_init__(self) -> None:
        check_size(self.vcpu, self.memory_gb)

    @property
    def name(self) -> str:
        """Such as ``EKS on Fargate 0.25 vCPU 1 GB``."""
        return f"EKS on Fargate {plain(self.vcpu)} vCPU {plain(self.memory_gb)} GB"

    @property
    def private(self) -> bool:
        """True: EKS starts Fargate pods in private subnets only."""
        return True

    @property
    def assumptions(self) -> str:
        """The number of pods, and how clients connect."""
        return f"{self.sizing.text}, {self.balancer.assumptions}, behind NAT gateways"

    def fleet(self, book: PriceBook) -> Fleet:
        """Return the pods as servers to count."""
        return Fleet(
            self.vcpu, int(self.memory_gb * 1024) - EKS_FARGATE_MIB, self.sizing, contained=True
        )

    def notes(self, workload: Workload) -> Iterator[str]:
        """Yield nothing: there is nothing to note."""
        return iter(())

    def server_charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield the pods' hours."""
        pods = Fargate(self.vcpu, self.memory_gb, "x86_64", self.region, self.sizing)
        yield from task_charges(pods, MONTH_HOURS, book)

    def charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield the control plane, the pods, the balancer, traffic and logs."""
        yield control_plane("eks", self.region, book, extended=self.extended)
        yield from self.server_charges(inputs, book)
        yield from surroundings("the pods", self, inputs, book)
