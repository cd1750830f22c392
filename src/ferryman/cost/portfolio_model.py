"""The charges of a portfolio's applications, computed once and added up for any subset."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction

from ferryman.cost.bill import Charge
from ferryman.cost.number_format import MONTH_SECONDS
from ferryman.cost.platforms.catalog import Choices, make_platforms
from ferryman.cost.platforms.ec2 import Ec2
from ferryman.cost.platforms.eks import NODE_DISK
from ferryman.cost.platforms.fleet import Fleet
from ferryman.cost.platforms.pod import Pod, control_plane
from ferryman.cost.platforms.surroundings import surroundings
from ferryman.cost.pooling import Pool, PoolOfFloats
from ferryman.cost.prices.book import PriceBook
from ferryman.cost.workload import Inputs, Workload

__all__ = ("Nodes", "PortfolioModel", "Volumes", "nodes_needed")

Volumes = Mapping[str, Fraction]
"""Requests a month by the name of the application."""

BARE = Pod(reserved_vcpu=Decimal("0.1"), reserved_mib=300)
"""What an instance without Kubernetes reserves for itself. Assumed."""

LEAST_VCPU = 0.02
"""The vCPUs that an almost idle pod requests."""

MOST_PODS = 5000
"""The most pods of one application that are placed on nodes."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """Nodes that hold the pods of some applications.

    Args:
        type: Their instance type.
        count: Their number.
        usd: USD a month of the nodes and all that the applications on them use.
    """

    type: str
    count: int
    usd: float


@dataclass(frozen=True, slots=True)
class _Type:
    name: str
    vcpu: float
    memory_mib: int
    charges: tuple[Charge, ...]
    usd_each: float
    surplus: tuple[tuple[float, float], ...]

    @classmethod
    def of(cls, name: str, vcpu: Decimal, memory_mib: int, charges: tuple[Charge, ...]) -> _Type:
        """Return the type with its charges in floats: those of a node, and those by CPU time."""
        prices = [
            (charge.is_surplus, float(charge.usage.per_server), float(charge.rate.value))
            for charge in charges
        ]
        each = sum(units * price for surplus, units, price in prices if not surplus)
        by_cpu = tuple((units, price) for surplus, units, price in prices if surplus)
        return cls(name, float(vcpu), memory_mib, charges, each, by_cpu)

    def usd(self, nodes: int, cpu_hours: float) -> float:
        """Return USD a month of a number of nodes that run for some hours of CPU time in all."""
        more = (max(0.0, units * nodes + cpu_hours) * price for units, price in self.surplus)
        return self.usd_each * nodes + sum(more)


@dataclass(frozen=True, slots=True)
class _Need:
    """What an application needs of nodes, in floats, because it is computed thousands of times.

    Args:
        fleet: Counts its pods.
        pods: The part of a pod that one request a month fills.
        busy_vcpu: vCPUs that one request a month needs in the busiest hour, over the utilisation.
        cpu_hours: Hours of a vCPU for a request.
        memory_mib: Memory of a pod, MiB.
        given: What a pod requests, if the user gave it.
    """

    fleet: Fleet
    pods: float
    busy_vcpu: float
    cpu_hours: float
    memory_mib: int
    given: Pod | None

    @classmethod
    def of(cls, inputs: Inputs, given: Pod | None, choices: Choices) -> _Need:
        """Return what an application needs."""
        memory = _memory(inputs)
        fleet = Fleet(Decimal(1), memory, choices.sizing, contained=True)
        rate = inputs.peak_to_mean * inputs.burst / MONTH_SECONDS
        busy = rate * inputs.cpu_ms / 1000 / Fraction(choices.sizing.utilisation)
        hours = float(inputs.cpu_ms) / 3.6e6
        return cls(fleet, float(fleet.share(inputs)), float(busy), hours, memory, given)

    def pod(self, requests: float, pods: int) -> tuple[float, int]:
        """Return the vCPUs and the MiB that each of ``pods`` pods requests."""
        if self.given:
            return float(self.given.vcpu), self.given.memory_mib
        return max(LEAST_VCPU, self.busy_vcpu * requests / pods), self.memory_mib


class PortfolioModel:
    """The costs of applications as functions and on shared nodes.

    Args:
        workloads: Their workloads by name.
        pods: What a pod of each requests; ``None`` if the user did not give it.
        choices: The settings that all platforms share.
        book: The prices.

    Raises:
        ConfigError: A price is missing.
    """

    def __init__(
        self,
        workloads: Mapping[str, Workload],
        pods: Mapping[str, Pod | None],
        choices: Choices,
        book: PriceBook,
    ) -> None:
        self.choices, self.book = choices, book
        self._inputs = {name: work.inputs for name, work in workloads.items()}
        self._node = Ec2(choices.instances[0], **choices.server_arguments)
        (self.function,) = make_platforms(["lambda-url"], choices)
        self._functions = {
            name: tuple(self.function.charges(inputs, book))
            for name, inputs in self._inputs.items()
        }
        self._around = {
            name: tuple(_by_requests(surroundings("the nodes", self._node, inputs, book)))
            for name, inputs in self._inputs.items()
        }
        self._needs = {
            name: _Need.of(inputs, pods[name], choices) for name, inputs in self._inputs.items()
        }
        self._types = {cluster: tuple(self._offered(cluster)) for cluster in (False, True)}
        self._fast_functions = PoolOfFloats(self._functions)
        self._fast_around = PoolOfFloats(self._around)

    def _offered(self, cluster: bool) -> Iterable[_Type]:
        kept = Pod() if cluster else BARE
        inputs = next(iter(self._inputs.values()))
        for name in self.choices.instances:
            shape = self.book.instance(name)
            memory = shape.memory_mib - kept.reserved_mib
            if memory > 0 and self.book.find(f"ec2.{name}", self.choices.region):
                node = replace(self._node, instance=name, disk=self.choices.disk or NODE_DISK)
                charges = tuple(node.server_charges(inputs, self.book))
                vcpu = shape.vcpu * shape.sustained - kept.reserved_vcpu
                yield _Type.of(name, vcpu, memory, charges)

    def functions_usd(self, volumes: Volumes) -> float:
        """Return USD a month of some applications as functions."""
        return self._fast_functions.total(volumes)

    def functions(self, volumes: Volumes) -> Pool:
        """Return the units that some applications use as functions."""
        pool = Pool()
        for name, requests in volumes.items():
            pool.add(self._functions[name], requests)
        return pool

    def nodes(self, volumes: Volumes, *, cluster: bool, only: str = "") -> Nodes | None:
        """Return the cheapest nodes; ``None`` if no instance type can hold the pods.

        Args:
            volumes: The applications on the nodes.
            cluster: Whether Kubernetes runs the nodes; its control plane is then on the bill.
            only: The only instance type to use; empty for any.
        """
        around = self._fast_around.total(volumes)
        if cluster:
            plane = self._plane()
            around += float(plane.rate.value) * float(plane.usage.fixed)
        requests = {name: float(x) for name, x in volumes.items()}
        cpu_hours = sum(self._needs[name].cpu_hours * x for name, x in requests.items())
        found = []
        for node in self._types[cluster]:
            if only in ("", node.name) and (count := self._count(requests, node)) is not None:
                found.append(Nodes(node.name, count, around + node.usd(count, cpu_hours)))
        return min(found, key=lambda nodes: nodes.usd, default=None)

    def _plane(self) -> Charge:
        return control_plane("eks", self.choices.region, self.book, extended=self.choices.extended)

    def _count(self, volumes: Mapping[str, float], node: _Type) -> int | None:
        wanted = []
        for name, requests in volumes.items():
            need = self._needs[name]
            count = need.fleet.count(need.pods * requests)
            if count > MOST_PODS:
                return None
            vcpu, memory = need.pod(requests, count)
            wanted.append((count, vcpu / node.vcpu, memory / node.memory_mib))
        return nodes_needed(wanted, self.choices.sizing.minimum)

    def on(self, nodes: Nodes, volumes: Volumes, *, cluster: bool) -> Pool:
        """Return the units that some applications use on nodes."""
        pool = Pool()
        (chosen,) = (x for x in self._types[cluster] if x.name == nodes.type)
        if cluster:
            pool.add((self._plane(),), Fraction(0))
        for name, requests in volumes.items():
            pool.add(self._around[name], requests)
            pool.add(_by_cpu(chosen.charges, self._inputs[name]), requests)
        pool.add_servers(chosen.charges, nodes.count)
        return pool


def _memory(inputs: Inputs) -> int:
    """Return the MiB of a pod: its memory at rest, and that of the requests of a full CPU."""
    busy = max(inputs.cpu_ms, Fraction(1))
    running = inputs.wall_ms / busy + 4
    held = inputs.resident_mib + running * inputs.in_flight_mib
    return -(-int(held + 1) // 16) * 16


def _by_requests(charges: Iterable[Charge]) -> Iterable[Charge]:
    """Yield the charges without their units by servers, which are added for all together."""
    for charge in charges:
        usage = replace(charge.usage, per_server=0)
        if usage.fixed or usage.per_request:
            yield replace(charge, usage=usage)


def _by_cpu(charges: Sequence[Charge], inputs: Inputs) -> Iterable[Charge]:
    """Yield the charges of nodes that depend on the CPU time of the requests."""
    for charge in charges:
        if charge.is_surplus:
            usage = replace(charge.usage, per_request=inputs.cpu_ms / 3_600_000, per_server=0)
            yield replace(charge, usage=usage)


EVEN = 1e-9
"""The rounding error of floats that may add up to a whole, such as three thirds."""

_Pods = tuple[int, float, float]
"""A number of pods, and the shares of a node's vCPUs and of its memory that each requests."""


def nodes_needed(wanted: Sequence[_Pods], least: int) -> int | None:
    """Return how many nodes hold the pods, by first fit: largest pods first, each where it fits.

    Args:
        wanted: The pods of each application.
        least: The fewest nodes.

    Returns:
        The number; ``None`` if a pod is larger than a node.
    """
    nodes = [[1.0, 1.0] for _ in range(least)]
    for count, vcpu, memory in sorted(wanted, key=lambda pod: -max(pod[1:])):
        if max(vcpu, memory) > 1:
            return None
        for _ in range(count):
            node = next((x for x in nodes if x[0] >= vcpu - EVEN and x[1] >= memory - EVEN), None)
            if node is None:
                node = [1.0, 1.0]
                nodes.append(node)
            node[0] -= vcpu
            node[1] -= memory
    return len(nodes)
