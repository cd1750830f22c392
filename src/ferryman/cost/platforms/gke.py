"""Google Kubernetes Engine, in one zone. Its prices are the least certain in the book."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Charge, Usage
from ferryman.cost.number_format import MONTH_HOURS
from ferryman.cost.platforms.fleet import Fleet, Sizing
from ferryman.cost.platforms.platform import OnServers
from ferryman.cost.platforms.pod import Pod, control_plane, node_fleet
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.workload import Inputs, Workload

__all__ = ("Gke",)


@dataclass(frozen=True, slots=True)
class Gke(OnServers):
    """A zonal Standard cluster of Google Kubernetes Engine, behind a Google load balancer.

    Args:
        machine: ``e2-medium`` or ``e2-standard-2``.
        region: A Google region.
        pod: The resources that a pod requests.
        sizing: How the nodes are counted.
        credit: Whether the billing account's free cluster is left for this application.
        disk_gb: Size of each node's disk, GB.
    """

    machine: str = "e2-standard-2"
    region: str = "us-east1"
    pod: Pod = field(default_factory=Pod)
    sizing: Sizing = field(default_factory=Sizing)
    credit: bool = True
    disk_gb: int = 20

    def __post_init__(self) -> None:
        if self.machine not in _MACHINES:
            raise ConfigError(
                f"no prices for the machine type {self.machine!r}",
                hint=f"the price book has {', '.join(_MACHINES)}",
            )

    @property
    def name(self) -> str:
        """Such as ``GKE e2-standard-2``."""
        return f"GKE {self.machine}"

    @property
    def highly_available(self) -> bool:
        """False: a zonal cluster fails with its zone."""
        return False

    @property
    def assumptions(self) -> str:
        """The pods, the number of nodes, and the zone."""
        return f"{self.pod.text}, {self.sizing.text}, one zone"

    def fleet(self, book: PriceBook) -> Fleet:
        """Return the nodes as servers to count."""
        vcpu, memory_mib = _MACHINES[self.machine]
        per_node = self.pod.per_node(self.machine, vcpu, memory_mib)
        return node_fleet(self.pod, per_node, self.sizing)

    def notes(self, workload: Workload) -> Iterator[str]:
        """Yield what the bill leaves out."""
        yield "the bill leaves out Google Cloud's logs and addresses"

    def charges(self, inputs: Inputs, book: PriceBook) -> Iterator[Charge]:
        """Yield the cluster, the nodes, the load balancer and the traffic."""
        free = book.rate("gke.free.cluster", self.region).value if self.credit else Decimal(0)
        yield control_plane("gke", self.region, book, allowance=free)
        for item, per_server, fixed, rate in (
            (f"GCE {self.machine}", MONTH_HOURS, 0, f"gce.{self.machine}"),
            ("Disks", self.disk_gb, 0, "gce.disk"),
            ("Load balancer", 0, MONTH_HOURS, "gcp.forwarding"),
        ):
            usage = Usage(fixed=fixed, per_server=per_server)
            yield Charge(item, usage, book.rate(rate, self.region), "all month")
        sent = inputs.response_bytes / 2**30
        both = (inputs.request_bytes + inputs.response_bytes) / 2**30
        for item, each, rate in (
            ("Load balancer bytes", both, "gcp.balanced"),
            ("Egress to the internet", sent, "gcp.egress"),
        ):
            usage = Usage(per_request=each)
            yield Charge(item, usage, book.rate(rate, self.region), "bytes / 2**30")


_MACHINES: dict[str, tuple[Decimal, int]] = {
    "e2-medium": (Decimal(1), 4096),
    "e2-standard-2": (Decimal(2), 8192),
}
"""vCPUs that a machine may always use, and memory in MiB. An e2-medium shows two vCPUs and may
use half of each: Google throttles the rest, where EC2 would bill it."""
