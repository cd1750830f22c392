from __future__ import annotations

import random

import pytest

from ferryman.cost.traffic.histogram import Histogram


@pytest.mark.parametrize("share", [0.01, 0.5, 0.95, 0.99, 1.0])
@pytest.mark.parametrize("scale", [1.0, 5000.0])
def test_percentiles_are_within_a_hundredth(share: float, scale: float) -> None:
    draw = random.Random(3)
    numbers = sorted(draw.lognormvariate(0, 1.5) * scale for _ in range(20_001))
    found = Histogram()
    for number in numbers:
        found.add(number)
    exact = numbers[max(1, -int(-len(numbers) * share // 1)) - 1]
    assert found.percentile(share) == pytest.approx(exact, rel=0.0101)
    assert found.mean == pytest.approx(sum(numbers) / len(numbers))
    assert found.most == numbers[-1]


def test_nothing_and_next_to_nothing() -> None:
    found = Histogram()
    assert (found.mean, found.percentile(0.5)) == (0, 0)
    found.add(0.0)
    assert found.percentile(0.99) == 0


@pytest.mark.parametrize("number", [-1.0, float("nan"), float("inf"), 1e10])
def test_what_is_no_number_of_anything_is_refused(number: float) -> None:
    found = Histogram()
    with pytest.raises(ValueError, match="out of range"):
        found.add(number)
    assert found.count == 0
