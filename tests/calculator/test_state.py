"""What the page is set to survives the way through an address."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qs

import pytest

from ferryman.calculator.state import SLIDERS, State, read_state, typed, with_week
from ferryman.core.errors import ConfigError
from ferryman.cost.traffic.shape import preset


def restored(state: State) -> State:
    return read_state(parse_qs(state.query(), keep_blank_values=True))


@pytest.mark.parametrize(
    "state",
    [
        State(),
        State(requests=Decimal("12345678"), cpu=Decimal("0.1"), wait=Decimal(0)),
        State(door="cloudfront", region="eu-west-1", purchase="savings-3y"),
        State(architecture="x86_64", shape="busy-hour", autoscale=True, free_tier=False),
        State(against=("fargate", "eks", "box")),
        State(against=()),
        State(more=(("peak_to_mean", Decimal("1.8")), ("log_bytes", Decimal(0)))),
        with_week(State(), preset("office")),
    ],
)
def test_an_address_restores_what_it_was_made_of(state: State) -> None:
    assert restored(state) == state


def test_what_an_address_does_not_name_is_the_default() -> None:
    assert read_state({}) == State()


@pytest.mark.parametrize(
    ("text", "number"),
    [("20M", 20_000_000), ("2.5k", 2500), ("1G", 10**9), ("1,500", 1500), (" 80 ", 80)],
)
def test_numbers_are_read_as_people_type_them(text: str, number: int) -> None:
    assert read_state({"requests": [text]}).requests == number


@pytest.mark.parametrize(
    ("number", "text"),
    [("20000000", "20M"), ("12345678", "12345678"), ("250000", "250k"), ("512", "512")],
)
def test_numbers_are_written_short(number: str, text: str) -> None:
    assert typed(Decimal(number)) == text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"requests": ["many"]}, "'many' is not a number"),
        ({"requests": [""]}, "'' is not a number"),
        ({"door": ["window"]}, "there is no 'window'"),
        ({"shape": ["log"]}, "the address has no week from a log"),
    ],
)
def test_what_cannot_be_is_said(query: dict[str, list[str]], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read_state(query)


@pytest.mark.parametrize("week", ["zz", "!" * 336, "00" * 168])
def test_a_week_that_is_not_whole_is_refused(week: str) -> None:
    with pytest.raises(ConfigError):
        read_state({"shape": ["log"], "week": [week]}).chosen_shape()


def test_a_week_keeps_its_hours_to_a_part_in_a_thousand() -> None:
    consumer = preset("consumer")
    kept = with_week(State(), consumer).chosen_shape()
    assert kept is not None
    most = max(consumer.weights)
    for one, two in zip(kept.weights, consumer.weights, strict=True):
        assert abs(one - two) < most / 1000


def test_the_default_lies_on_every_slider() -> None:
    for slider in SLIDERS:
        assert slider.low <= getattr(State(), slider.name) <= slider.high
