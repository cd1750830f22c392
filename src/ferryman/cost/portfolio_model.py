"""The charges of the applications of a portfolio, made once and added up for any part of it."""

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
"""What an instance without Kubernetes keeps for itself. Assumed."""

LEAST_VCPU = 0.02
"""What a pod that does next to nothing asks for."""

MOST_PODS = 5000


@dataclass(frozen=True, slots=True)
class Nodes:
    """Nodes that hold the pods of some applications.

    Args:
        type: Their instance type.
        count: How many there are.
        usd: USD a month of everything that is on servers.
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
        """Return the type, its charges in floats: those of a node, and those by CPU time."""
        told = [
            (charge.is_surplus, float(charge.usage.per_server), float(charge.rate.value))
            for charge in charges
        ]
        each = sum(units * price for surplus, units, price in told if not surplus)
        left = tuple((units, price) for surplus, units, price in told if surplus)
        return cls(name, float(vcpu), memory_mib, charges, each, left)

    def usd(self, nodes: int, cpu_hours: float) -> float:
        """Return USD a month of so many nodes, with so many hours of CPU time on them."""
        more = (max(0.0, units * nodes + cpu_hours) * price for units, price in self.surplus)
        return self.usd_each * nodes + sum(more)


@dataclass(frozen=True, slots=True)
class _Need:
    """What an application takes of nodes, in floats: it is asked for thousands of times.

    Args:
        fleet: How its pods are counted.
        pods: Pods that a request a month fills.
        busy_vcpu: vCPUs that a request a month takes in the busy hour, over the utilisation.
        cpu_hours: Hours of a vCPU that a request takes.
        memory_mib: MiB of a pod.
        given: What a pod asks for, where it is given.
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
        """Return the vCPUs and MiB that a pod asks for, where there are so many."""
        if self.given:
            return float(self.given.vcpu), self.given.memory_mib
        return max(LEAST_VCPU, self.busy_vcpu * requests / pods), self.memory_mib


class PortfolioModel:
    """What applications cost as functions and on shared nodes.

    Args:
        workloads: Their workloads by name.
        pods: What a pod of each asks for, where it is given.
        choices: What the platforms have in common.
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
        """Return USD a month of a function each."""
        return self._fast_functions.total(volumes)

    def functions(self, volumes: Volumes) -> Pool:
        """Return what a function each uses."""
        pool = Pool()
        for name, requests in volumes.items():
            pool.add(self._functions[name], requests)
        return pool

    def nodes(self, volumes: Volumes, *, cluster: bool, only: str = "") -> Nodes | None:
        """Return the nodes that cost least; ``None`` where none holds the pods.

        Args:
            volumes: The applications that are on them.
            cluster: Whether Kubernetes runs them, whose control plane is paid for.
            only: The one instance type that may be taken; empty for any.
        """
        around = self._fast_around.total(volumes)
        if cluster:
            plane = self._plane()
            around += float(plane.rate.value) * float(plane.usage.fixed)
        requests = {name: float(x) for name, x in volumes.items()}
        cpu_hours = sum(self._needs[name].cpu_hours * x for name, x in requests.items())
        found = []
        for each in self._types[cluster]:
            if only in ("", each.name) and (count := self._count(requests, each)) is not None:
                found.append(Nodes(each.name, count, around + each.usd(count, cpu_hours)))
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
        """Return what applications use on nodes."""
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
    """Return the MiB of a pod: what it rests on, and what the requests of a full CPU hold."""
    busy = max(inputs.cpu_ms, Fraction(1))
    running = inputs.wall_ms / busy + 4
    held = inputs.resident_mib + running * inputs.in_flight_mib
    return -(-int(held + 1) // 16) * 16


def _by_requests(charges: Iterable[Charge]) -> Iterable[Charge]:
    """Yield charges without what servers move, which is counted for all together."""
    for charge in charges:
        usage = replace(charge.usage, per_server=0)
        if usage.fixed or usage.per_request:
            yield replace(charge, usage=usage)


def _by_cpu(charges: Sequence[Charge], inputs: Inputs) -> Iterable[Charge]:
    """Yield what nodes are billed for by the CPU time of the requests on them."""
    for charge in charges:
        if charge.is_surplus:
            usage = replace(charge.usage, per_request=inputs.cpu_ms / 3_600_000, per_server=0)
            yield replace(charge, usage=usage)


EVEN = 1e-9
"""What halves and thirds in floats may lack of a whole."""

_Pods = tuple[int, float, float]
"""How many there are, and which share of a node's vCPUs and of its memory each asks for."""


def nodes_needed(wanted: Sequence[_Pods], least: int) -> int | None:
    """Return how many nodes hold the pods, the largest first, each where it first fits.

    Args:
        wanted: The pods of each application.
        least: The fewest nodes.

    Returns:
        The number; ``None`` where a pod is larger than a node.
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
