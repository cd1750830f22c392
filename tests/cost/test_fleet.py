from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from ferryman.core.errors import ConfigError
from ferryman.cost.capacity import Objective, late_share, uneven_late_share
from ferryman.cost.platforms.fleet import Fleet, Sizing
from ferryman.cost.traffic.shape import Shape, preset
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
    requests = Fraction(times) * MONTH
    assert fleet.peak(WORK.inputs, requests) == servers
    assert fleet.servers(WORK.inputs).running.at(requests) == servers


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
    fleet = Fleet(Decimal(1), 1024, Sizing(minimum=1))
    assert fleet.share(waiting.inputs) * MONTH == 2
    assert fleet.bound(waiting.inputs) == "requests in flight"
    assert fleet.peak(waiting.inputs, Fraction(MONTH)) == 2


def test_a_process_runs_on_each_vcpu() -> None:
    with pytest.raises(ConfigError, match="4 processes of 600 MiB fill the 2048 MiB of a server"):
        Fleet(Decimal(4), 2048).needs(replace(WORK, resident_mib=Decimal(600)).inputs)


def test_a_workload_without_work_needs_the_minimum() -> None:
    idle = replace(WORK, cpu_ms=Decimal(0), in_flight_mib=Decimal(0))
    fleet = Fleet(Decimal(1), 2048, Sizing(minimum=3))
    assert fleet.peak(idle.inputs, Fraction(10**12)) == 3
    assert fleet.servers(idle.inputs).running.at(Fraction(10**12)) == 3


def test_a_fleet_beyond_reason_is_refused() -> None:
    with pytest.raises(ConfigError, match="need more than 10,000 servers") as caught:
        Fleet(Decimal(1), 2048).peak(WORK.inputs, Fraction(MONTH * 10_001))
    assert "2.63 M requests a month (CPU)" in (caught.value.cause or "")


@pytest.mark.parametrize(("minimum", "utilisation"), [(0, "0.6"), (2, "0"), (2, "1.1")])
def test_a_fleet_that_cannot_be_is_refused(minimum: int, utilisation: str) -> None:
    with pytest.raises(ConfigError):
        Sizing(minimum, utilisation=Decimal(utilisation))


@pytest.mark.parametrize(
    ("vcpu", "cpu_ms"), [("0.25", 10), ("0.5", 40), ("1", 40), ("2", 40), ("4", 100)]
)
def test_the_busy_hour_meets_the_objective_and_no_more(vcpu: str, cpu_ms: int) -> None:
    objective = Objective(Decimal(100))
    work = Workload.of(requests=1, wall_ms=500, cpu_ms=cpu_ms, arrival_variation=1)
    fleet = Fleet(Decimal(vcpu), 8192, Sizing(utilisation=Decimal(1), objective=objective))
    speed = float(vcpu) / fleet.processes
    service = cpu_ms / 1000 / speed
    load = float(fleet.usable_vcpu(work.inputs)) / speed
    assert uneven_late_share(load, fleet.processes, 1.2, service, 0.1) <= 0.05
    assert uneven_late_share(load * 1.001, fleet.processes, 1.2, service, 0.1) > 0.0499


def test_two_processes_are_two_queues_as_was_measured() -> None:
    """Two workers at 0.4 each, 50 ms of work: 12 to 20 % waited over 100 ms, and not 2 %."""
    even, uneven = (uneven_late_share(0.8, 2, x, 0.05, 0.1) for x in (1.0, 1.5))
    assert even == pytest.approx(0.1205, abs=0.0001)
    assert uneven == pytest.approx(0.212, abs=0.001)
    assert late_share(0.8, 2, 0.05, 0.1) == pytest.approx(0.0207, abs=0.0001)


def test_a_container_runs_one_process_and_a_machine_one_a_vcpu() -> None:
    machine, container = (Fleet(Decimal(4), 8192, contained=x) for x in (False, True))
    assert (machine.processes, container.processes) == (4, 1)
    assert container.usable_vcpu(WORK.inputs) * 4 == machine.usable_vcpu(WORK.inputs)
    both = Sizing(workers=0)
    assert Fleet(Decimal(4), 8192, both, contained=True).processes == 4


def test_an_objective_never_allows_more_than_the_utilisation() -> None:
    easy = Sizing(objective=Objective(Decimal(100_000)))
    assert Fleet(Decimal(2), 8192, easy).usable_vcpu(WORK.inputs) == Fraction(12, 10)


def test_scaling_by_the_hour_keeps_the_floor_and_follows_the_load() -> None:
    # A quarter of the week at four times the mean rate, nothing else: 4 x 0.3 s of CPU.
    shape = Shape.of("quarter", [4] * 42 + [0] * 126)
    work = Workload.of(shape, requests=MONTH, wall_ms=1000, cpu_ms=300)
    assert work.peak_to_mean == 4
    fleet = Fleet(Decimal(1), 2048, Sizing(minimum=1, scaling="hourly"))
    ten = Fraction(10 * MONTH)
    assert fleet.peak(work.inputs, ten) == 20
    assert fleet.servers(work.inputs).running.at(ten) == Fraction(20 + 3 * 1, 4)


def test_scaling_by_the_hour_needs_a_shape() -> None:
    with pytest.raises(ConfigError, match="needs the shape of the week"):
        Fleet(Decimal(1), 2048, Sizing(scaling="hourly")).servers(WORK.inputs)


def test_a_flat_week_costs_the_same_either_way() -> None:
    work = Workload.of(preset("flat"), requests=MONTH, wall_ms=1000, cpu_ms=300)
    fixed, hourly = (
        Fleet(Decimal(1), 2048, Sizing(scaling=scaling))
        .servers(work.inputs)
        .running.at(Fraction(MONTH * 9))
        for scaling in ("fixed", "hourly")
    )
    assert fixed == hourly == 5


def test_a_spare_server_comes_on_top_of_the_need_and_not_of_the_floor() -> None:
    fleet = Fleet(Decimal(1), 2048, Sizing(minimum=3, spare=1))
    counts = [fleet.peak(WORK.inputs, Fraction(times * MONTH)) for times in (0, 2, 3)]
    assert counts == [3, 3, 4]


def test_slots_bind_where_an_environment_serves_few_at_once() -> None:
    work = Workload.of(requests=MONTH, wall_ms=10_000, cpu_ms=1, peak_to_mean=2)
    assert Fleet(Decimal(2), 8192, Sizing(1), slots=8).peak(work.inputs, Fraction(MONTH)) == 3


def test_one_server_has_a_limit() -> None:
    fleet = Fleet(Decimal(1), 2048, Sizing(minimum=1, maximum=1))
    assert fleet.limit(WORK.inputs) == MONTH
