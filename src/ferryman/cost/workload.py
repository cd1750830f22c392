"""The workload: how much traffic there is and what one request needs.

Wall time and CPU time are separate inputs. Lambda bills the wall time of each request;
a server overlaps the waits of many and is full when its CPU is. It knows no platform.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation

from ferryman.core.errors import ConfigError

__all__ = ("LAMBDA_MIB_PER_VCPU", "LIMITS", "Workload")

LAMBDA_MIB_PER_VCPU = 1769
"""Lambda memory that comes with one vCPU, MiB.

Source: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html.
"""

LIMITS: Mapping[str, tuple[Decimal, Decimal, str]] = {
    "requests": (Decimal(0), Decimal(10) ** 13, "requests a month"),
    "wall_ms": (Decimal("0.001"), Decimal(900_000), "milliseconds; Lambda stops at 15 minutes"),
    "cpu_ms": (Decimal(0), Decimal(900_000), "milliseconds"),
    "memory_mib": (Decimal(128), Decimal(10_240), "MiB, the sizes that Lambda offers"),
    "response_bytes": (Decimal(0), Decimal(2) ** 30, "bytes"),
    "request_bytes": (Decimal(0), Decimal(2) ** 30, "bytes"),
    "peak_to_mean": (Decimal(1), Decimal(1000), "times the mean rate"),
    "cold_start_share": (Decimal(0), Decimal(1), "a share of the requests"),
    "init_ms": (Decimal(0), Decimal(900_000), "milliseconds"),
    "resident_mib": (Decimal(1), Decimal(65_536), "MiB"),
    "in_flight_mib": (Decimal(0), Decimal(65_536), "MiB"),
}
"""What is accepted for each field: lowest, highest, and in which unit."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A month of traffic to one application.

    Args:
        requests: Requests a month.
        wall_ms: Mean duration of a request that Lambda bills, milliseconds: the wait
            included, each rounded up to a whole millisecond, at ``memory_mib``. Where it
            was measured elsewhere, half a millisecond more.
        cpu_ms: Mean CPU time of a request on one vCPU, milliseconds.
        memory_mib: Memory setting of the Lambda function, MiB.
        response_bytes: Mean size of a response, bytes.
        request_bytes: Mean size of a request, bytes. Assumed unless measured.
        peak_to_mean: Rate in the busiest hour over the mean rate of its day. 1.75 is the
            median over the days of two public traces: NASA-HTTP of 1995 (1.75) and a
            Twitter stream of 2021 (1.73); one day in ten is above 2.05 and 2.19.
        cold_start_share: Share of the requests that wait for a new Lambda environment.
            0.0013 was measured on AWS at one request a second (Mahmoudi and Khazaei,
            IEEE Transactions on Cloud Computing, 2020); it falls as the rate grows.
        init_ms: Billed time of one such start, milliseconds. Assumed: Python 3.13 starts
            in about 80 ms (maxday/lambda-perf, 2026-08-22), importing aiohttp takes 240
            to 620 ms. Billed since 2025-08-01.
        resident_mib: Memory of one server process at rest, MiB. Assumed.
        in_flight_mib: Memory that a request holds on a server while it runs, MiB. Assumed.

    Raises:
        ConfigError: A field is not a number, out of `LIMITS`, or asks for more CPU time
            than its wall time has room for.
    """

    requests: Decimal
    wall_ms: Decimal
    cpu_ms: Decimal
    memory_mib: Decimal = Decimal(512)
    response_bytes: Decimal = Decimal(4096)
    request_bytes: Decimal = Decimal(1024)
    peak_to_mean: Decimal = Decimal("1.75")
    cold_start_share: Decimal = Decimal("0.0013")
    init_ms: Decimal = Decimal(600)
    resident_mib: Decimal = Decimal(128)
    in_flight_mib: Decimal = Decimal(1)

    def __post_init__(self) -> None:
        for field in fields(self):
            _check(field.name, getattr(self, field.name))
        room = self.wall_ms * max(Decimal(1), self.lambda_vcpu)
        if self.cpu_ms > room:
            raise ConfigError(
                f"cpu_ms: {self.cpu_ms} ms of CPU do not fit into {self.wall_ms} ms of wall time",
                cause=f"a request has at most {room.normalize():f} ms of CPU in that time",
                hint="wall_ms is the whole duration of a request, its CPU time included",
            )

    @classmethod
    def of(cls, **values: Decimal | int | float | str) -> Workload:
        """Return a workload from numbers of any kind; a float counts as it is printed.

        Raises:
            ConfigError: As the constructor does.
        """
        return cls(**{name: _number(name, value) for name, value in values.items()})

    @property
    def lambda_vcpu(self) -> Decimal:
        """The vCPUs, often a part of one, that Lambda gives for ``memory_mib``."""
        return self.memory_mib / LAMBDA_MIB_PER_VCPU


def _number(name: str, value: Decimal | int | float | str) -> Decimal:
    try:
        return Decimal(str(value))
    except InvalidOperation:
        raise ConfigError(f"{name}: {value!r} is not a number") from None


def _check(name: str, value: Decimal) -> None:
    low, high, unit = LIMITS[name]
    if not value.is_finite() or not low <= value <= high:
        raise ConfigError(
            f"{name}: {value} is out of range",
            hint=f"give a number from {low.normalize():f} to {high.normalize():f} ({unit})",
        )
