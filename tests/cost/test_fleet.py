from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from ferryman.core.errors import ConfigError
from ferryman.cost.platforms.fleet import Fleet
from ferryman.cost.workload import Workload

MONTH = 730 * 3600
# One request a second on the mean, 2 in the busy hour, 0.3 s of CPU: 0.6 vCPU.
WORK = Workload.of(requests=MONTH, wall_ms=1000, cpu_ms=300, peak_to_mean=2)


@pytest.mark.parametrize(
    ("times", "servers"), [(0, 2), (1, 2), (2, 2), ("2.000001", 3), (3, 3), (10, 10), (11, 11)]
)
def test_servers_are_added_when_the_busy_hour_fills_their_cpu(
    times: int | str, servers: int
) -> None:
    fleet = Fleet(Decimal(1), 2048)
    count = fleet.count(WORK, Decimal(MONTH * 100))
    assert count.at(Decimal(times) * MONTH) == servers


def test_memory_binds_where_requests_wait_long_and_work_little() -> None:
    # 2 a second for 100 s hold 200 x 9 MiB; a server has 1024 - 124 MiB of room.
    waiting = Workload.of(
        requests=MONTH,
        wall_ms=100_000,
        cpu_ms=1,
        peak_to_mean=2,
        resident_mib=124,
        in_flight_mib=9,
    )
    fleet = Fleet(Decimal(1), 1024, minimum=1)
    share, bound = fleet.share_of_server(waiting)
    assert share * MONTH == 2
    assert bound == "memory"
    assert fleet.count(waiting, Decimal(MONTH)).at(MONTH) == 2


def test_a_process_runs_on_each_vcpu() -> None:
    with pytest.raises(ConfigError, match="4 x 600 MiB do not fit into a server of 2048 MiB"):
        Fleet(Decimal(4), 2048).count(replace(WORK, resident_mib=Decimal(600)), Decimal(1))


def test_a_workload_without_work_needs_the_minimum() -> None:
    idle = replace(WORK, cpu_ms=Decimal(0), in_flight_mib=Decimal(0))
    assert Fleet(Decimal(1), 2048, minimum=3).count(idle, Decimal(10**12)).at(10**12) == 3


def test_a_fleet_beyond_reason_is_refused() -> None:
    with pytest.raises(ConfigError, match="need more than 10,000 servers") as caught:
        Fleet(Decimal(1), 2048).count(WORK, Decimal(MONTH) * 10_001)
    assert "2,628,000 requests a month (CPU)" in (caught.value.cause or "")


@pytest.mark.parametrize(("minimum", "utilisation"), [(0, "0.6"), (2, "0"), (2, "1.1")])
def test_a_fleet_that_cannot_be_is_refused(minimum: int, utilisation: str) -> None:
    with pytest.raises(ConfigError):
        Fleet(Decimal(1), 2048, minimum, Decimal(utilisation))
