from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from decimal import Decimal

import pytest

from ferryman.core.errors import ConfigError
from ferryman.cost.capacity import (
    Objective,
    erlang_b,
    erlang_c,
    full_load,
    late_share,
    uneven_late_share,
)

GOOD = Objective(Decimal(100))


@pytest.mark.parametrize(
    ("offered", "processes", "waits"),
    [
        (10, 14, 0.17413),
        (2, 3, 0.44444),
        (0.8, 1, 0.80000),
        (4, 6, 0.28476),
        (20, 25, 0.20910),
        (100, 110, 0.23701),
    ],
)
def test_erlang_c_gives_the_published_values(offered: float, processes: int, waits: float) -> None:
    assert erlang_c(offered, processes) == pytest.approx(waits, abs=5e-6)


def test_erlang_b_of_two_and_three() -> None:
    """(8/6) / (1 + 2 + 2 + 8/6), by hand."""
    assert erlang_b(2.0, 3) == pytest.approx(4 / 19)


def queue(
    offered: float, processes: int, draw_service: Callable[[random.Random], float], wait: float
) -> tuple[float, float]:
    """Simulate Poisson arrivals at a service time of mean 1: mean wait, share above ``wait``."""
    draw = random.Random(7)
    free = [0.0] * processes
    now = waited = 0.0
    late, count = 0, 150_000
    for _ in range(count):
        now += draw.expovariate(offered)
        start = max(now, heapq.heappop(free))
        heapq.heappush(free, start + draw_service(draw))
        waited += start - now
        late += start - now > wait
    return waited / count, late / count


def mean_wait(offered: float, processes: int, variation: float = 1.0) -> float:
    """Return the mean of which `late_share` is the tail, for a mean service time of 1."""
    waiting: float = erlang_c(offered, processes) * variation / (processes - offered)
    return waiting


@pytest.mark.parametrize(("offered", "processes"), [(0.6, 1), (1.2, 2), (3.0, 4), (6.4, 8)])
def test_waits_are_those_of_an_event_simulation(offered: float, processes: int) -> None:
    mean, late = queue(offered, processes, lambda draw: draw.expovariate(1.0), 1.0)
    assert mean_wait(offered, processes) == pytest.approx(mean, rel=0.06)
    assert late_share(offered, processes, 1.0, 1.0) == pytest.approx(late, rel=0.08)


def half_and_half(draw: random.Random) -> float:
    """A service time of mean 1 and squared coefficient of variation 4."""
    return draw.expovariate(1 / 3.0) if draw.random() < 0.25 else draw.expovariate(3.0)


@pytest.mark.parametrize(
    ("service", "variation"),
    [(lambda draw: 1.0, 0.0), (half_and_half, 3.667)],
    ids=["always the same", "far apart"],
)
@pytest.mark.parametrize(("offered", "processes"), [(0.7, 1), (3.2, 4)])
def test_other_service_times_wait_as_allen_and_cunneen_say(
    service: Callable[[random.Random], float], variation: float, offered: float, processes: int
) -> None:
    """Exact for one process (Pollaczek and Khinchine), within a tenth for several."""
    mean, _ = queue(offered, processes, service, 1.0)
    reckoned = mean_wait(offered, processes, (1 + variation) / 2)
    assert reckoned == pytest.approx(mean, rel=0.1)


@pytest.mark.parametrize("processes", [1, 2, 8])
@pytest.mark.parametrize("service", [0.002, 0.04, 0.4])
def test_the_full_load_is_the_last_one_that_meets_the_objective(
    processes: int, service: float
) -> None:
    for imbalance in (1.0, 1.2):
        uneven = min(imbalance, processes)
        load = full_load(processes, service, GOOD, imbalance=imbalance)
        more = min(load + 1e-4, processes / uneven - 1e-9)
        assert uneven_late_share(load, processes, uneven, service, 0.1) <= 0.05
        assert uneven_late_share(more, processes, uneven, service, 0.1) > 0.0499


def test_arrays_give_what_numbers_give() -> None:
    numpy = pytest.importorskip("numpy")
    service = numpy.array([0.002, 0.04, 0.4])
    loads = full_load(2, service, GOOD, 1.2)
    assert list(loads) == pytest.approx([full_load(2, s, GOOD, 1.2) for s in service])


@pytest.mark.parametrize(("wait", "share"), [("-1", "0.9"), ("NaN", "0.9"), ("5", "1"), ("5", "0")])
def test_an_objective_that_cannot_be_is_refused(wait: str, share: str) -> None:
    with pytest.raises(ConfigError):
        Objective(Decimal(wait), Decimal(share))
