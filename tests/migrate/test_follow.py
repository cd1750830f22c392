"""Both sides stay, and the weight follows the hour: within bounds, and with the judge watching."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.migrate.balancers import MemoryBalancer, MemoryStore, Steady

from ferryman.core.errors import ConfigError
from ferryman.core.judge import Counts
from ferryman.migrate.beginning import resumed
from ferryman.migrate.book import Book
from ferryman.migrate.carrying import Carrier, stopped_at
from ferryman.migrate.hours import make_week
from ferryman.migrate.machine import Look, Write, follow, pause
from ferryman.migrate.options import FollowOptions
from ferryman.migrate.state import Migration

HELD = Migration(
    id="one", old="lambda", new="server", steps=(5, 50), phase="holding", weight=50.0, answers=400
)


def look(live: float, **more: Any) -> Look:
    return Look(at=1.0, live=live, old=Counts(500), new=Counts(500), **more)


def test_it_moves_towards_the_hours_share_by_so_much_at_once() -> None:
    for wanted, end in ((90, 70), (10, 30), (60, 60), (44.6, 45)):
        after, deed = follow(HELD, look(50), wanted, 20)
        assert deed == Write(50, end)
        there, deed = follow(after, look(end), wanted, 20)
        assert (there.phase, there.weight, deed) == ("holding", end, None)


def test_more_waits_until_the_weight_has_been_found_fine_and_less_does_not() -> None:
    fresh = replace(HELD, answers=0)
    few = Look(at=1.0, live=50, old=Counts(10), new=Counts(10))
    assert follow(fresh, few, 90, 20)[1] is None
    assert follow(fresh, few, 10, 20)[1] == Write(50, 30)


@pytest.mark.parametrize("health", [{"old_healthy": False}, {"new_healthy": False}])
def test_with_a_side_that_is_ill_it_does_not_follow(health: dict[str, bool]) -> None:
    _, deed = follow(HELD, look(50, **health), 90, 20)
    assert deed in (None, Write(50, 0))


def test_the_limit_of_slow_answers_follows_the_day_unless_it_is_set() -> None:
    timed = replace(HELD, slow_limit=0.2)
    assert follow(timed, look(50, slow_limit=0.5), 50, 20)[0].slow_limit == 0.5
    assert follow(timed, look(50), 50, 20)[0].slow_limit == 0.2
    assert follow(timed, look(50, slow_limit=0.5), 50, 20, renews=False)[0].slow_limit == 0.2


def test_it_does_not_step_up_by_itself() -> None:
    low = replace(HELD, weight=20.0)
    after, deed = follow(low, look(20), 20, 20)
    assert (after.phase, deed) == ("holding", None)


def test_after_a_pause_it_goes_on_holding() -> None:
    moved, _ = follow(follow(HELD, look(50), 30, 20)[0], look(30), 30, 20)
    again = resumed(pause(moved, "lunch"))
    assert (again.phase, again.weight) == ("holding", 30)


def carried(wanted: list[float], new: Counts) -> tuple[Migration, list[float]]:
    balancer = MemoryBalancer(weight=50.0)
    book = Book(MemoryStore(), "me", pause=lambda _: None)
    book.read()
    hours = iter(wanted)

    class Over(BaseException):
        pass

    def decide(migration: Migration, seen: Look) -> Any:
        want = next(hours, None)
        if want is None:
            raise Over
        return follow(migration, seen, want, 20)

    carrier = Carrier(
        *(book, balancer, Steady(new=new), 1, lambda _: None),
        decides=decide,
        holds=True,
        pause=lambda _: None,
    )
    end = book.write(HELD)
    try:
        end = carrier.carry(end)
    except Over:
        found = book.read()
        assert found
        end = found
    return end, balancer.weights


def test_a_week_is_followed_and_never_left_behind() -> None:
    end, weights = carried([80.0] * 20 + [10.0] * 20, Counts(300))
    assert end.phase == "holding"
    assert weights == [70, 80, 60, 40, 20, 10]


def test_a_side_that_turns_ill_gets_nothing_more() -> None:
    end, weights = carried([80.0] * 20, Counts(300, failures=60))
    assert (end.phase, end.weight) == ("returned", 0)
    assert weights == [0]


def test_the_hour_is_that_of_the_time_zone() -> None:
    shares = tuple(hour / 168 for hour in range(168))
    options = FollowOptions(least=1, most=99, timezone="Europe/Berlin")
    week = make_week(shares, options)
    # A Wednesday in November, 23:30 in UTC, is a Thursday in Berlin.
    at = datetime(2026, 11, 25, 23, 30, tzinfo=UTC).timestamp()
    assert week.at(at) == pytest.approx(100 * (3 * 24) / 168)
    assert min(week.percentages) == 1
    assert max(week.percentages) == 99


def test_a_time_zone_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigError, match="there is no 'Mars/Olympus'"):
        make_week((0.5,) * 168, FollowOptions(timezone="Mars/Olympus"))


def test_a_stop_below_the_weight_is_refused() -> None:
    with pytest.raises(ConfigError, match="has 50 % already"):
        stopped_at(HELD, 25)
    assert stopped_at(replace(HELD, weight=5.0), 25).steps == (5, 25)
