"""Kubernetes: pods, the nodes that they fill, and the control plane."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Charge, Usage
from ferryman.cost.number_format import MONTH_HOURS, plain
from ferryman.cost.platforms.fleet import Fleet, Sizing
from ferryman.cost.prices.book import PriceBook

__all__ = ("Pod", "control_plane", "node_fleet")


@dataclass(frozen=True, slots=True)
class Pod:
    """The resources that a pod requests, and those that a node reserves.

    Args:
        vcpu: vCPUs of a pod.
        memory_mib: Memory of a pod, MiB.
        reserved_vcpu: vCPUs of a node for the kubelet and daemons. Assumed.
        reserved_mib: Memory of a node for the kubelet and daemons, MiB. Assumed.
    """

    vcpu: Decimal = Decimal("0.5")
    memory_mib: int = 1024
    reserved_vcpu: Decimal = Decimal("0.3")
    reserved_mib: int = 800

    def __post_init__(self) -> None:
        if not (self.vcpu.is_finite() and self.vcpu > 0 and self.memory_mib > 0):
            raise ConfigError(
                f"pod: {plain(self.vcpu)} vCPU and {self.memory_mib} MiB are too little",
                hint="give both above 0",
            )

    @property
    def text(self) -> str:
        """Half a sentence for a table of assumptions."""
        return f"pods of {plain(self.vcpu)} vCPU and {self.memory_mib} MiB"

    def per_node(self, name: str, vcpu: Decimal, memory_mib: int) -> int:
        """Return how many pods fit on a node.

        Raises:
            ConfigError: No pod fits.
        """
        by_cpu = (vcpu - self.reserved_vcpu) // self.vcpu
        count = min(int(by_cpu), (memory_mib - self.reserved_mib) // self.memory_mib)
        if count < 1:
            raise ConfigError(
                f"no pod of {plain(self.vcpu)} vCPU and {self.memory_mib} MiB fits on a"
                f" node {name}",
                cause=f"the node has {plain(vcpu)} vCPU and {memory_mib} MiB, and reserves"
                f" {plain(self.reserved_vcpu)} vCPU and {self.reserved_mib} MiB",
                hint="choose larger nodes or smaller pods",
            )
        return count


def node_fleet(pod: Pod, per_node: int, sizing: Sizing, sustained: Decimal = Decimal(1)) -> Fleet:
    """Return the nodes as servers to count.

    A node with n pods carries n times as much as a pod, so filling nodes with pods and
    rounding up is the same as counting servers n times as large.
    """
    return Fleet(
        pod.vcpu, pod.memory_mib, sizing, copies=per_node, contained=True, sustained=sustained
    )


def control_plane(
    kind: str,
    region: str,
    book: PriceBook,
    *,
    extended: bool = False,
    allowance: Decimal = Decimal(0),
) -> Charge:
    """Return the charge for a cluster of ``eks`` or ``gke``, all month."""
    rate = book.rate(f"{kind}.cluster{'.extended' if extended else ''}", region)
    hours = Usage(fixed=MONTH_HOURS)
    return Charge("Kubernetes control plane", hours, rate, f"{MONTH_HOURS} h", allowance)
