"""How many servers a workload needs: by CPU time at a latency objective, and by memory.

Each process of a server has its own queue, and the balancer spreads the requests over the
servers. So each server is sized by itself, and the need grows in equal steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import chain
from typing import Literal

from ferryman.core.errors import ConfigError
from ferryman.cost.bill import Servers
from ferryman.cost.capacity import Objective, full_load
from ferryman.cost.number_format import MONTH_SECONDS, plain, volume
from ferryman.cost.quantity import Quantity, ceiling, is_array, larger, smaller, to_grid
from ferryman.cost.staircases import Staircase
from ferryman.cost.traffic.shape import HOURS
from ferryman.cost.workload import Inputs
from ferryman.records.wording import counted

__all__ = ("MAX_SERVERS", "Fleet", "Scaling", "Sizing")

MAX_SERVERS = 10_000

Scaling = Literal["fixed", "hourly"]
"""``fixed`` runs the busy hour's servers all month, ``hourly`` the servers that each hour needs."""


@dataclass(frozen=True, slots=True)
class Sizing:
    """How servers of any kind are counted.

    Args:
        minimum: Servers that run at any load. With two or more, the service survives the loss
            of one.
        spare: Servers beyond the need; with one, the service survives a loss in the busy hour.
        utilisation: Share of the CPU that the busy hour may use. 0.6 is customary for
            target-tracking autoscaling.
        objective: How long requests may wait for a CPU; with ``None``, only the utilisation
            decides.
        scaling: How the number of servers follows the week.
        maximum: The most servers that there can be; ``None`` for no limit.
        workers: Processes of each server; 0 for one per whole vCPU. ``None`` for what ferryman
            builds: one in a container, one per vCPU on a machine.
        imbalance: The load of a server's busiest process over the mean of its processes, if it
            has several. Processes accept connections by themselves, so kept-alive connections
            are not spread evenly. In a measurement with 10 to 40 of them on two processes, 12
            to 20 % of the requests waited too long; an even spread makes 12 %. That is an
            imbalance of 1 to 1.5.
    """

    minimum: int = 2
    spare: int = 0
    utilisation: Decimal = Decimal("0.6")
    objective: Objective | None = None
    scaling: Scaling = "fixed"
    maximum: int | None = None
    workers: int | None = None
    imbalance: Decimal = Decimal("1.2")

    def __post_init__(self) -> None:
        if self.minimum < 1:
            raise ConfigError(f"minimum: {self.minimum} servers cannot answer")
        if self.workers is not None and self.workers < 0:
            raise ConfigError(f"workers: {self.workers} is below 0", hint="0 is one per vCPU")
        if not (self.imbalance.is_finite() and self.imbalance >= 1):
            raise ConfigError(
                f"imbalance: {self.imbalance} is out of range",
                hint="give 1, which is an even spread, or more",
            )
        if self.spare < 0:
            raise ConfigError(f"spare: {self.spare} is below 0")
        if max(self.minimum, self.spare) >= MAX_SERVERS:
            raise ConfigError(
                f"{max(self.minimum, self.spare):,} servers are too many",
                hint=f"give a number below {MAX_SERVERS:,}",
            )
        if not (self.utilisation.is_finite() and 0 < self.utilisation <= 1):
            raise ConfigError(
                f"utilisation: {self.utilisation} is out of range",
                hint="give a share above 0 and up to 1",
            )

    @property
    def highly_available(self) -> bool:
        """Whether the service survives the loss of a zone: it has at least two servers."""
        return self.minimum >= 2

    @property
    def text(self) -> str:
        """Half a sentence for a table of assumptions."""
        parts = ["1 server" if self.maximum else f"at least {counted(self.minimum, 'server')}"]
        parts += [f"{self.spare} spare"] if self.spare else []
        parts.append(f"at most {plain(self.utilisation * 100)} % CPU in the busy hour")
        if self.objective:
            share, wait = plain(self.objective.share * 100), plain(self.objective.wait_ms)
            parts.append(f"{share} % of requests wait less than {wait} ms for a CPU")
        parts += ["scaled every hour"] if self.scaling == "hourly" else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Fleet:
    """Equal servers behind a load balancer.

    Args:
        vcpu: vCPUs of each server.
        memory_mib: Memory of each server that is left for the application, MiB.
        sizing: How the servers are counted.
        slots: Requests that a server may have in flight; ``None`` for as many as memory holds.
        copies: Servers per counted unit: the pods on a node.
        contained: Whether a server is a container, whose image starts one process by default.
        sustained: The part of the vCPUs that a server may use on average over the month.
    """

    vcpu: Decimal
    memory_mib: int
    sizing: Sizing = field(default_factory=Sizing)
    slots: int | None = None
    copies: int = 1
    contained: bool = False
    sustained: Decimal = Decimal(1)

    @property
    def processes(self) -> int:
        """Processes of each server."""
        workers = self.sizing.workers
        if workers is None:
            workers = 1 if self.contained else 0
        return workers or max(1, int(self.vcpu))

    @property
    def speed(self) -> Fraction:
        """The vCPUs of a process: at most one, because it runs one thread of Python."""
        return min(Fraction(1), Fraction(self.vcpu) / self.processes)

    def usable_vcpu(self, inputs: Inputs) -> Quantity:
        """Return the vCPUs of a server that the busy hour may use.

        This is the lower of two: the share that `Sizing` allows of what the processes can use,
        and the highest load that meets the objective. On a server that may not use all of its
        CPU forever, the mean load must also stay within `sustained`: the mean of the month, or
        of each hour if the servers scale every hour.
        """
        key = self.vcpu, self.processes, self.sizing, self.sustained
        if key not in inputs.usable:
            usable = self._usable_vcpu(inputs)
            if self.sustained < 1:
                peak = inputs.peak_to_mean if self.sizing.scaling == "fixed" else 1
                mean = Fraction(self.vcpu * self.sustained)
                usable = smaller(usable, peak * (float(mean) if is_array(peak) else mean))
            inputs.usable[key] = usable
        return inputs.usable[key]

    def _usable_vcpu(self, inputs: Inputs) -> Quantity:
        speed, processes = self.speed, self.processes
        most = Fraction(self.sizing.utilisation) * processes
        allowed = most * speed
        objective = self.sizing.objective
        drawn = (inputs.cpu_ms, inputs.cpu_variation, inputs.arrival_variation)
        arrays = any(map(is_array, drawn))
        if not objective or (not arrays and not inputs.cpu_ms):
            return float(allowed) if arrays else allowed
        # A draw may have no CPU time at all, and the queue formula divides by it.
        busy = larger(inputs.cpu_ms, 1e-6) if arrays else inputs.cpu_ms
        service = busy / 1000 / (float(speed) if arrays else speed)
        variation = (inputs.cpu_variation + inputs.arrival_variation) / 2
        uneven = float(self.sizing.imbalance)
        if arrays:
            load = full_load(processes, service, objective, variation, float(most), uneven)
            met = load >= float(most)
            return float(allowed) * met + to_grid(load) * float(speed) * ~met
        load = full_load(
            processes, float(service), objective, float(variation), float(most), uneven
        )
        if load >= float(most):
            return allowed
        load = to_grid(load)
        if not load:
            raise ConfigError(
                f"no load is small enough to keep the wait below {plain(objective.wait_ms)} ms",
                cause=f"a request takes {float(service) * 1000:,.0f} ms on {plain(self.vcpu)} vCPU",
                hint="allow a longer wait, or choose larger servers",
            )
        return load * speed

    def needs(self, inputs: Inputs) -> tuple[Quantity, Quantity]:
        """Return the part of a server that one request a second takes: by CPU, by room.

        Room is memory, or slots if they limit more. By Little's law, one request a second
        keeps as many requests in flight as a request lasts seconds.

        Raises:
            ConfigError: The idle processes do not fit into the memory of a server, or no load
                meets the objective.
        """
        room = self.memory_mib - inputs.resident_mib * self.processes
        if not is_array(room) and room <= 0:
            raise ConfigError(
                f"{counted(self.processes, 'process', 'processes')} of"
                f" {plain(inputs.resident_mib)} MiB fill the {self.memory_mib} MiB of a server",
                hint="choose servers with more memory, or measure resident_mib, if it is lower",
            )
        by_cpu = inputs.cpu_ms / 1000 / self.usable_vcpu(inputs)
        held = inputs.in_flight_mib / room
        if self.slots:
            slot = Fraction(1, self.slots)
            held = larger(held, slot if isinstance(held, Fraction) else float(slot))
        return by_cpu / self.copies, inputs.wall_ms / 1000 * held / self.copies

    def share(self, inputs: Inputs) -> Quantity:
        """Return the part of a server that one request a month takes in the busy hour."""
        return self.share_of_rate(inputs) * inputs.peak_to_mean

    def share_of_rate(self, inputs: Inputs) -> Quantity:
        """Return the part of a server that one request a month takes at the mean rate."""
        return larger(*self.needs(inputs)) * inputs.burst / MONTH_SECONDS

    def bound(self, inputs: Inputs) -> str:
        """Return what fills a server first: ``CPU``, or ``requests in flight``."""
        by_cpu, by_room = self.needs(inputs)
        return "CPU" if by_cpu >= by_room else "requests in flight"

    def limit(self, inputs: Inputs) -> Fraction | None:
        """Return the most requests a month that the servers carry; ``None`` for no limit.

        Raises:
            ConfigError: As `needs` does.
        """
        share = self.share(inputs)
        most = self.sizing.maximum
        return None if most is None or not share else Fraction(most - self.sizing.spare) / share

    def peak(self, inputs: Inputs, requests: Quantity, share: Quantity | None = None) -> Quantity:
        """Return the servers in the busy hour.

        Args:
            inputs: The workload.
            requests: Requests a month.
            share: What `share` returns, if the caller knows it.

        Raises:
            ConfigError: The requests need more than `MAX_SERVERS`.
        """
        count = self.count((self.share(inputs) if share is None else share) * requests)
        if not is_array(count) and count > MAX_SERVERS:
            raise self._too_many(inputs, requests)
        return count

    def servers(self, inputs: Inputs) -> Servers:
        """Return the mean number of running servers in the month, as staircases.

        Raises:
            ConfigError: As `needs` does, or hourly scaling lacks the shape of the week.
        """
        if self.sizing.scaling == "fixed":
            stairs = [self._stairs(self.share(inputs), Fraction(1))]
        else:
            each = self.share_of_rate(inputs)
            stairs = [
                self._stairs(each * weight, Fraction(count, HOURS))
                for weight, count in self.levels(inputs)
            ]
        return Servers(tuple(chain(*stairs)))

    def _stairs(self, share: Fraction, hours: Fraction) -> Iterator[Staircase]:
        """Yield the needed and the spare servers, in a part of the hours."""
        spare = self.sizing.spare
        # A staircase wider than any horizon is a number that never grows.
        width = 1 / share if share else Fraction(10**30)
        yield Staircase(width, max(1, self.sizing.minimum - spare), hours)
        if spare:
            yield Staircase(Fraction(10**30), 1, hours * spare)

    def count(self, load: Quantity) -> Quantity:
        """Return the servers for a load, in units of one server's capacity."""
        return larger(larger(ceiling(load), 1) + self.sizing.spare, self.sizing.minimum)

    def levels(self, inputs: Inputs) -> tuple[tuple[Fraction, int], ...]:
        """Return the rates of the week over its mean, each with its number of hours."""
        if inputs.shape is None:
            raise ConfigError(
                "scaling every hour needs the shape of the week",
                hint="give --shape, such as consumer or office, or a log",
            )
        levels: tuple[tuple[Fraction, int], ...] = inputs.shape.levels
        return levels

    def _too_many(self, inputs: Inputs, requests: Quantity) -> ConfigError:
        full = 1 / self.share(inputs)
        return ConfigError(
            f"{volume(requests)} requests a month need more than {MAX_SERVERS:,} servers",
            cause=f"one server is full at {volume(full)} requests a month ({self.bound(inputs)})",
            hint="choose larger servers or a lower horizon",
        )
