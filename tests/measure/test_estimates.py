"""Figures from what rounds saw: arithmetic on batches that are written down here."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ferryman.measure.estimates import summarize
from ferryman.measure.reliability import doubt_load, doubts_of, notes_of
from ferryman.measure.request import Request, Scenario
from ferryman.measure.rounds import Point, Round
from ferryman.measure.runner import Batch, Sample

COMMON_AND_RARE = Scenario("test", (Request("GET", "/a", weight=3.0), Request("GET", "/b")))


def batch(which: int, count: int, ms: float, cpu_ms: float, status: int = 200) -> Batch:
    samples = tuple(Sample(which, ms, status, 100 * (which + 1)) for _ in range(count))
    return Batch(count * ms / 1000, count, samples, (), count * cpu_ms / 1000)


def point(at_once: int, rate: float, cpu_ms: float, waited: float = 0.0) -> Point:
    count = int(rate)
    each = batch(0, count, 1000 * at_once / rate, cpu_ms)
    return Point(at_once, replace(each, seconds=1.0, took=1.0, waited_seconds=waited), 50.0)


def seen(*points: Point, batches: tuple[tuple[int, Batch], ...] = ()) -> Round:
    usual = ((0, batch(0, 10, 10.0, 2.0)), (1, batch(1, 10, 50.0, 6.0)))
    return Round(300.0, 40.0, batches or usual, points, (), (), 60.0)


def test_the_whole_is_each_request_by_its_share() -> None:
    total = summarize([seen(), seen()], COMMON_AND_RARE).total
    assert total.cpu_ms.value == pytest.approx(0.75 * 2 + 0.25 * 6)
    assert total.wall_ms.value == pytest.approx(0.75 * 10 + 0.25 * 50)
    assert total.response_bytes == pytest.approx(0.75 * 100 + 0.25 * 200)
    assert (total.p50_ms, total.p95_ms) == (10, 50)
    assert (total.requests, total.errors) == (40, 0)


def test_percentiles_follow_the_shares_and_not_how_often_each_was_sent() -> None:
    many_rare = ((0, batch(0, 10, 10.0, 2.0)), (1, batch(1, 1000, 50.0, 6.0)))
    total = summarize([seen(batches=many_rare)], COMMON_AND_RARE).total
    assert total.p50_ms == 10


def test_a_vcpu_that_is_full_has_the_capacity_of_its_cpu_time() -> None:
    """Others took half of the CPU: 250 a second, where it would have been 500."""
    curve = [point(n, rate, 2.0, waited=0.5) for n, rate in ((1, 240), (2, 250), (4, 250))]
    found = summarize([seen(*curve)] * 2, COMMON_AND_RARE)
    assert found.capacity is not None
    assert found.capacity.value == pytest.approx(500)
    assert not list(notes_of("server", found, [seen(*curve)] * 2))


def test_a_pool_has_the_capacity_of_what_it_let_through() -> None:
    curve = [point(n, 100, 2.0) for n in (1, 2, 4)]
    rounds = [seen(*curve)] * 2
    found = summarize(rounds, COMMON_AND_RARE)
    assert found.capacity is not None
    assert found.capacity.value == pytest.approx(100)
    (note,) = notes_of("server", found, rounds)
    assert "above 100 requests a second" in note
    assert "20% of a vCPU was busy, so a pool, a lock" in note


def test_the_last_level_of_the_first_round_is_neither_the_knee_nor_the_memory() -> None:
    """A round after the first ends a level earlier, and the machine was slower by then."""
    first = [point(n, rate, 2.0) for n, rate in ((1, 80), (2, 100), (4, 100), (8, 104))]
    first[-1] = first[-1]._replace(peak_mib=90.0)
    later = [point(n, rate, 2.0) for n, rate in ((1, 70), (2, 84), (4, 84))]
    found = summarize([seen(*first), seen(*later)], COMMON_AND_RARE)
    assert found.capacity is not None
    assert found.capacity.value == pytest.approx(92)
    assert found.memory_load_mib.value == found.memory_load_mib.high == 50


def test_a_curve_that_still_rises_has_no_capacity() -> None:
    rounds = [seen(*(point(n, 50 * n, 2.0) for n in (1, 2, 4)))] * 2
    found = summarize(rounds, COMMON_AND_RARE)
    assert found.capacity is None
    (note,) = notes_of("server", found, rounds)
    assert "the throughput still rose at 4 requests in flight" in note


def test_a_load_generator_that_is_the_limit_is_told_apart() -> None:
    curve = [point(n, 100, 2.0) for n in (1, 2, 4)]
    slow = [replace_busy(each, 0.95) for each in curve]
    rounds = [seen(*slow)] * 2
    (note,) = notes_of("server", summarize(rounds, COMMON_AND_RARE), rounds)
    assert "the load generator was the limit, not the app, which can serve more" in note


def replace_busy(each: Point, busy: float) -> Point:
    return each._replace(batch=replace(each.batch, generator_busy=busy))


def test_repeats_that_differ_are_doubted() -> None:
    rounds = [
        seen(batches=((0, batch(0, 10, 10.0, cpu)), (1, batch(1, 10, 50.0, cpu))))
        for cpu in (1.0, 2.0, 3.0)
    ]
    (doubt,) = doubts_of("server", summarize(rounds, COMMON_AND_RARE))
    assert doubt.startswith("server: CPU time of a request: the repeats differ too much: 2 ms")


def test_rate_times_latency_must_be_the_requests_under_way() -> None:
    wrong = [
        Point(n, replace(batch(0, 100, 5.0, 2.0), seconds=1.0, took=1.0), 50.0) for n in (1, 2, 4)
    ]
    doubts = list(doubts_of("server", summarize([seen(*wrong)] * 2, COMMON_AND_RARE)))
    assert any("by Little's law the two should be equal" in doubt for doubt in doubts)


@pytest.mark.parametrize(("others", "doubted"), [(0.0, False), (0.1, False), (0.3, True)])
def test_a_machine_that_others_use_is_doubted(others: float, doubted: bool) -> None:
    assert bool(list(doubt_load(others))) is doubted
