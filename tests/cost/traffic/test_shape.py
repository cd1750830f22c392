from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from ferryman.core.errors import ConfigError
from ferryman.cost.traffic.shape import Shape, preset, preset_names


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_a_week_with_a_mean_of_one_and_a_source(name: str) -> None:
    shape = preset(name)
    assert len(shape.weights) == 168
    assert sum(shape.weights) == 168
    assert shape.source
    assert sum(hours for _, hours in shape.levels) == 168


@pytest.mark.parametrize(
    ("name", "peak"), [("flat", "1"), ("consumer", "2.29"), ("social", "2.07"), ("batch", "11.0")]
)
def test_the_peak_is_the_busiest_hour(name: str, peak: str) -> None:
    assert preset(name).peak.quantize(Decimal(peak)) == Decimal(peak)


def test_weights_are_scaled_to_a_mean_of_one() -> None:
    assert Shape.of("x", [0] * 84 + [5] * 84).weights[-1] == 2


def test_levels_count_the_hours_of_each_weight() -> None:
    assert Shape.of("x", [3] * 42 + [1] * 126).levels == ((Fraction(2, 3), 126), (Fraction(2), 42))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1] * 167, "168 hours, not 167"),
        ([], "168 hours, not 0"),
        ([0] * 168, "must not be negative"),
        ([-1, 3] + [1] * 166, "must not be negative"),
        (["x"] * 168, "not a number"),
    ],
)
def test_a_week_that_cannot_be_is_refused(weights: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Shape.of("mine", weights)


def test_an_unknown_preset_gets_a_suggestion() -> None:
    with pytest.raises(ConfigError, match="no traffic shape 'ofice'") as caught:
        preset("ofice")
    assert "did you mean office?" in (caught.value.hint or "")
