"""How many servers a workload needs: by CPU time, and by the memory of requests in flight.

Sized for the busy hour and kept all month; nothing scales in. Later capacity models
(queueing, autoscaling) belong here, beside this one.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from ferryman.core.errors import ConfigError
from ferryman.cost.curve import Curve, constant, staircase
from ferryman.cost.figures import MONTH_SECONDS, plain
from ferryman.cost.workload import Workload

__all__ = ("MAX_SERVERS", "Fleet", "describe_sizing")

MAX_SERVERS = 10_000


@dataclass(frozen=True, slots=True)
class Fleet:
    """Equal servers behind a load balancer.

    Args:
        vcpu: vCPUs of each; one process runs per whole vCPU, and at least one.
        memory_mib: Memory of each, MiB.
        minimum: Servers kept running whatever the load. Two or more outlive the loss of
            one.
        utilisation: Share of the CPU that the busy hour may use. 0.6 is a habit of
            target-tracking autoscaling, not a law.
    """

    vcpu: Decimal
    memory_mib: int
    minimum: int = 2
    utilisation: Decimal = Decimal("0.6")

    def __post_init__(self) -> None:
        if self.minimum < 1:
            raise ConfigError(f"minimum: {self.minimum} servers cannot answer")
        if not 0 < self.utilisation <= 1:
            raise ConfigError(
                f"utilisation: {self.utilisation} is out of range",
                hint="give a share above 0 and up to 1",
            )

    @property
    def highly_available(self) -> bool:
        """Whether a zone can be lost: at least two servers."""
        return self.minimum >= 2

    def share_of_server(self, workload: Workload) -> tuple[Fraction, str]:
        """Return the part of a server that one request a month takes, and what sets it.

        Raises:
            ConfigError: The processes at rest do not fit into the memory of a server.
        """
        busy = Fraction(workload.peak_to_mean) / MONTH_SECONDS
        by_cpu = Fraction(workload.cpu_ms) / 1000 / Fraction(self.vcpu * self.utilisation)
        room = Fraction(self.memory_mib) - Fraction(workload.resident_mib) * self._processes
        if room <= 0:
            raise ConfigError(
                f"{self._processes} x {plain(workload.resident_mib)} MiB do not fit into a server"
                f" of {self.memory_mib} MiB",
                hint="choose servers with more memory, or lower resident_mib if it is measured",
            )
        held = Fraction(workload.wall_ms) / 1000 * Fraction(workload.in_flight_mib)
        return max((busy * by_cpu, "CPU"), (busy * held / room, "memory"))

    def count(self, workload: Workload, horizon: Decimal) -> Curve:
        """Return the servers needed, by requests a month, up to ``horizon``.

        Raises:
            ConfigError: There would be more than `MAX_SERVERS`.
        """
        share, bound = self.share_of_server(workload)
        if share * Fraction(horizon) > MAX_SERVERS:
            raise ConfigError(
                f"{plain(horizon)} requests a month need more than {MAX_SERVERS:,} servers",
                cause=f"one server is full at {plain(1 / share, 0)} requests a month ({bound})",
                hint="choose larger servers or a nearer horizon",
            )
        if not share:
            return constant(self.minimum)
        return staircase(1 / share, self.minimum, max(horizon, Decimal(1)))

    @property
    def _processes(self) -> int:
        return max(1, int(self.vcpu))


def describe_sizing(minimum: int, utilisation: Decimal) -> str:
    """Return how servers are sized, in half a sentence for a table of assumptions."""
    share = plain(utilisation * 100)
    return f"at least {minimum} servers, {share} % of their CPU in the busy hour"
