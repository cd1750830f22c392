"""What is known of an app beforehand is what is measured: on both targets, real processes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.measure.conftest import figures_of

from ferryman.measure.rounds import Pace
from ferryman.project.project import Project

both_targets = pytest.mark.parametrize("target", ["server", "lambda"])

SHORT = Pace(rounds=1, warm_up=0.05, batches=0.2, point=0.02, limit=0.0)


@both_targets
async def test_cpu_time_and_wait_are_told_apart(
    project: Project, tmp_path: Path, target: str
) -> None:
    found = await figures_of(
        *(project, tmp_path, target, "/work"),
        *("/work?burn=10", "/work?wait=30", "/work?burn=10&wait=30"),
    )
    _, burning, waiting, both = found.routes
    # A request that is not answered at once finds the caches cold; so does one that waits.
    besides = waiting.cost.cpu_ms.value
    assert besides < 4
    assert burning.cost.cpu_ms.value - besides == pytest.approx(10, rel=0.1)
    assert both.cost.cpu_ms.value - besides == pytest.approx(10, rel=0.1)
    # How long the two together take is not known: the kernel of a virtual machine counts CPU time
    # apart from the clock, and ten milliseconds of it have taken less than two.
    assert min(waiting.cost.p50_ms, both.cost.p50_ms) >= 30
    mean = sum(route.cost.cpu_ms.value for route in found.routes) / 4
    assert found.total.cpu_ms.value == pytest.approx(mean, rel=0.05)


@both_targets
async def test_memory_at_rest_is_found(
    project: Project, tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    without = await figures_of(project, tmp_path, target, "/work", pace=SHORT)
    monkeypatch.setenv("HELD_AT_REST", "100")
    found = await figures_of(project, tmp_path, target, "/work", pace=SHORT)
    held = found.memory_rest_mib.value - without.memory_rest_mib.value
    assert held == pytest.approx(100, rel=0.1)


@both_targets
async def test_memory_of_a_request_is_found(project: Project, tmp_path: Path, target: str) -> None:
    held = 4 if target == "server" else 100
    found = await figures_of(project, tmp_path, target, f"/work?hold={held}&wait=100", pace=SHORT)
    grown = found.memory_load_mib.value - found.memory_rest_mib.value
    each = found.in_flight_mib if found.loads else grown
    assert each == pytest.approx(held, rel=0.1)


@both_targets
async def test_sizes_are_found(project: Project, tmp_path: Path, target: str) -> None:
    sent = "/work?size=0", "/work?size=5000"
    found = await figures_of(project, tmp_path, target, *sent, pace=SHORT)
    assert [route.cost.response_bytes for route in found.routes] == [0, 5000]
    assert found.total.response_bytes == 2500
