"""Requests come as they were recorded, or as chance has it, at the rate that is asked for."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from statistics import fmean, pvariance

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ferryman.measure.scenario import read_access
from ferryman.measure.send_times import gaps_of, offsets


@given(st.lists(st.floats(0, 1e6) | st.integers(0, 1000).map(float), min_size=2))
def test_gaps_are_multiples_of_their_mean(times: list[float]) -> None:
    gaps = gaps_of(times)
    assert not gaps or fmean(gaps) == pytest.approx(1)
    assert all(gap >= 0 for gap in gaps)


def test_requests_of_one_second_are_spread_over_it() -> None:
    assert gaps_of([7.0, 7.0, 7.0, 7.0]) == (1, 1, 1)


def test_a_lull_stays_as_long_as_it_was_beside_the_others() -> None:
    assert gaps_of([0.5, 1.5, 2.5, 12.5]) == (0.25, 0.25, 2.5)


@pytest.mark.parametrize("times", [[], [3.0]])
def test_too_few_times_have_no_gaps(times: list[float]) -> None:
    assert gaps_of(times) == ()


def test_without_a_record_they_are_a_poisson_process() -> None:
    times = offsets((), 1000, 20)
    gaps = [later - sooner for sooner, later in pairwise(times)]
    assert len(times) == pytest.approx(20_000, rel=0.03)
    assert pvariance(gaps) == pytest.approx(fmean(gaps) ** 2, rel=0.05)


def test_a_record_is_sent_again_at_another_rate() -> None:
    assert offsets((0.5, 1.5), 10, 0.5) == pytest.approx([0.05, 0.2, 0.25, 0.4, 0.45])


def test_an_access_log_has_its_gaps(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    line = '10.0.0.1 - - [05/Jan/2026:00:00:{:02} +0000] "GET / HTTP/1.1" 200 12\n'
    path.write_text("".join(line.format(second) for second in (1, 1, 2, 9)))
    assert read_access(path).gaps == pytest.approx(gaps_of([1.0, 1.0, 2.0, 9.0]))
