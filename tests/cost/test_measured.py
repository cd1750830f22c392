"""What was measured, as inputs of the model."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from tests.records.test_measurement import figures, measurement

from ferryman.cost.measured import measured_inputs
from ferryman.records.measurement import Estimate


def test_a_server_needs_the_cpu_time_at_which_a_vcpu_is_full() -> None:
    found = measured_inputs(measurement(), Decimal(1769))
    assert found.values["cpu_ms"] == 10  # a thousandth of 100 requests a second
    low, high = found.ranges["cpu_ms"].low, found.ranges["cpu_ms"].high
    assert float(low) == pytest.approx(1000 / 105 * 0.8, rel=1e-4)
    assert float(high) == pytest.approx(1000 / 95 * 1.25, rel=1e-4)


def test_without_a_capacity_the_cpu_time_of_a_request_stands_in() -> None:
    server = replace(figures(Estimate(7.0, 6.0, 8.0)), capacity=None)
    found = measured_inputs(measurement(server=server), Decimal(1769))
    assert found.values["cpu_ms"] == 7


@pytest.mark.parametrize(
    ("memory", "wall"),
    [
        (1769, "40.5"),  # as measured, and half a millisecond for rounding up
        (3008, "40.5"),  # one event loop has no use for more than one vCPU
        (512, "65.051"),  # 30 ms of wait, 10 ms of CPU on 512/1,769 of a vCPU
    ],
)
def test_lambda_s_duration_follows_the_memory(memory: int, wall: str) -> None:
    found = measured_inputs(measurement(), Decimal(memory))
    assert found.values["wall_ms"] == pytest.approx(Decimal(wall), abs=Decimal("0.001"))


def test_the_rest_is_taken_as_it_was_found() -> None:
    found = measured_inputs(measurement(), Decimal(512))
    assert found.values["response_bytes"] == 1000
    assert found.values["request_bytes"] == 20
    assert found.values["init_ms"] == 500
    assert found.values["resident_mib"] == 55  # when it was warm
    assert found.values["in_flight_mib"] == 2  # 30 MiB more for 15 requests more
    assert found.needs_mib == 80


def test_a_function_that_does_not_fit_into_its_memory_is_noted() -> None:
    (note,) = measured_inputs(measurement(), Decimal(64)).notes
    assert "used 80 MiB of memory in the measurement, and does not run in 64 MiB" in note


def test_what_was_doubtful_stays_so() -> None:
    doubtful = replace(measurement(), doubts=("the machine was busy",))
    assert "the measurement was doubtful: the machine was busy" in (
        measured_inputs(doubtful, Decimal(512)).notes
    )


@pytest.mark.parametrize("target", ["server", "lambda"])
def test_one_target_alone_is_enough_and_what_is_missing_is_noted(target: str) -> None:
    found = measured_inputs(measurement(**{target: figures()}), Decimal(1769))
    assert {"cpu_ms", "wall_ms", "response_bytes"} <= found.values.keys()
    assert any("measured" in note for note in found.notes)
