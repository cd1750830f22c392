from __future__ import annotations

from decimal import Decimal

import pytest

from ferryman.core.errors import ConfigError
from ferryman.cost.workload import Workload

BASE = {"requests": 1_000_000, "wall_ms": 80, "cpu_ms": 8}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("requests", -1),
        ("requests", float("nan")),
        ("requests", float("inf")),
        ("requests", "1e14"),
        ("wall_ms", 0),
        ("wall_ms", 900_001),
        ("cpu_ms", -0.5),
        ("memory_mib", 64),
        ("memory_mib", 10_241),
        ("response_bytes", -1),
        ("peak_to_mean", 0.9),
        ("cold_start_share", 1.1),
        ("init_ms", -1),
        ("resident_mib", 0),
        ("in_flight_mib", -1),
    ],
)
def test_what_cannot_be_is_refused_by_name(field: str, value: float | str) -> None:
    with pytest.raises(ConfigError, match=f"^{field}: "):
        Workload.of(**{**BASE, field: value})


def test_a_text_that_is_no_number_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match=r"^wall_ms: 'fast' is not a number"):
        Workload.of(requests=1, wall_ms="fast", cpu_ms=1)


def test_cpu_time_must_fit_into_the_wall_time() -> None:
    with pytest.raises(ConfigError, match=r"^cpu_ms: 81 ms of CPU do not fit into 80 ms"):
        Workload.of(requests=1, wall_ms=80, cpu_ms=81)


def test_with_two_vcpus_twice_the_cpu_time_fits() -> None:
    assert Workload.of(requests=1, wall_ms=80, cpu_ms=160, memory_mib=2 * 1769).cpu_ms == 160
    with pytest.raises(ConfigError, match=r"^cpu_ms: "):
        Workload.of(requests=1, wall_ms=80, cpu_ms=161, memory_mib=2 * 1769)


def test_a_float_counts_as_it_is_printed() -> None:
    assert Workload.of(requests=1, wall_ms=0.1, cpu_ms=0).wall_ms == Decimal("0.1")
