"""What a migration does next, and that killing it anywhere changes nothing of its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import pytest
from tests.migrate.balancers import MemoryBalancer, MemoryStore, Steady

from ferryman.core.judge import Counts
from ferryman.migrate.beginning import adopted, resumed
from ferryman.migrate.book import Book
from ferryman.migrate.carrying import Carrier, stands_still
from ferryman.migrate.machine import Deed, Look, Write, advance, finish, pause, retreat
from ferryman.migrate.state import Migration, decode

STEPS = (1, 5, 25, 50, 95)
WELL = Steady()
ILL = Steady(new=Counts(100, failures=30))


def fresh(**more: Any) -> Migration:
    return Migration(id="one", old="lambda", new="server", steps=STEPS, **more)


def carrier_of(store: Any, balancer: Any, observer: Any, owner: str = "me") -> Carrier:
    book = Book(store, owner, pause=lambda _: None)
    found = Carrier(
        book, balancer, observer, 1, tell=lambda _: None, clock=lambda: 0.0, pause=lambda _: None
    )
    found.book.read()
    return found


def carried(
    observer: Steady, balancer: MemoryBalancer | None = None
) -> tuple[Migration, list[float]]:
    balancer = balancer or MemoryBalancer()
    end = carrier_of(MemoryStore(), balancer, observer).carry(fresh())
    return end, balancer.weights


def test_a_healthy_side_gets_step_after_step_and_the_control_stays() -> None:
    end, weights = carried(WELL)
    assert (end.phase, end.weight) == ("holding", 95)
    assert weights == [0, 1, 5, 25, 50, 95]


def test_an_ill_side_gets_one_step_and_no_more() -> None:
    end, weights = carried(ILL)
    assert (end.phase, end.weight) == ("returned", 0)
    assert weights == [0, 1, 0]
    assert "failures" in end.reason
    assert "evidence" in end.reason


# SIGKILL: at every read of the balancer, every write to it, and every write of the document,
# before it and after it.


class Killed(BaseException):
    """What no code that is being killed can catch."""


@dataclass
class Deadly:
    """Passes calls on, and kills at the n-th of them, before or after it is done."""

    inner: Any
    kill: Callable[[], bool]

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.inner, name)
        if not callable(found) or name == "probe":
            return found

        def call(*arguments: Any) -> Any:
            if self.kill():
                raise Killed
            result = found(*arguments)
            if self.kill():
                raise Killed
            return result

        return call


def killed_at(place: int, observer: Steady) -> tuple[Migration, list[float], bool]:
    """Carry a migration that is killed at one place, and carried on by another process."""
    balancer, store, places = MemoryBalancer(), MemoryStore(), count()

    def kill() -> bool:
        return next(places) == place

    migration, dead = fresh(), False
    try:
        carrier = carrier_of(Deadly(store, kill), Deadly(balancer, kill), observer)
        carrier.carry(carrier.book.write(migration))
    except Killed:
        dead = True
    book = Book(store, "another", pause=lambda _: None)
    found = book.read()
    again = carrier_of(store, balancer, observer, "another")
    again.book = book
    end = again.carry(book.write(found) if found else book.write(migration))
    return end, balancer.weights, dead


@pytest.mark.parametrize("observer", [WELL, ILL], ids=["healthy", "ill"])
def test_killed_anywhere_it_ends_the_same(observer: Steady) -> None:
    undisturbed, weights = carried(observer)
    for place in count():
        end, seen, dead = killed_at(place, observer)
        assert (end.phase, end.weight, end.move) == (undisturbed.phase, undisturbed.weight, None)
        # A move may be made twice, or a step be skipped on the way back; no other weight ever.
        assert set(seen) <= set(weights), f"killed at {place}"
        assert all(a in (0, *STEPS) for a in seen)
        if not dead:
            break
    assert place >= 30, "every transition was met"


# Other hands, other processes, ill luck.


def look(live: float | None, **more: Any) -> Look:
    return Look(at=1.0, live=live, old=Counts(1000), new=Counts(100), **more)


def at(weight: float, **more: Any) -> Migration:
    return fresh(phase="watching", weight=weight, **more)


def test_a_weight_changed_by_hand_is_not_fought() -> None:
    after, deed = advance(at(5), look(30))
    assert (after.phase, deed) == ("paused", None)
    assert "30 %" in after.reason
    assert "5 %" in after.reason


def test_a_drift_is_adopted_only_when_asked() -> None:
    paused, _ = advance(at(5), look(30))
    again, deed = advance(resumed(paused), look(30))
    assert (again.phase, deed) == ("paused", None)
    after, _ = advance(adopted(resumed(paused), 30), look(30))
    assert (after.phase, after.weight) == ("watching", 30)
    assert after.next_step == 50


def test_a_move_that_found_a_third_weight_pauses_and_keeps_its_intent() -> None:
    moving, deed = advance(replace(at(5), answers=1000), look(5))
    assert deed == Write(5, 25)
    after, deed = advance(moving, look(12))
    assert (after.phase, deed) == ("paused", None)
    assert after.move == moving.move


def test_without_traffic_it_waits_for_ever() -> None:
    migration = at(1)
    for _ in range(500):
        migration, deed = advance(migration, Look(at=1.0, live=1))
        assert deed is None
    assert (migration.phase, migration.weight) == ("watching", 1)


def test_it_begins_only_when_both_sides_are_healthy_and_times_are_known() -> None:
    for seen in (
        look(0, new_healthy=False),
        look(0, old_healthy=False),
        look(0, measuring=True),
    ):
        assert advance(fresh(), seen)[1] is None
    after, deed = advance(fresh(), look(0, slow_limit=0.2))
    assert deed == Write(0, 1)
    assert after.slow_limit == 0.2


def test_the_limit_of_slow_answers_is_frozen() -> None:
    after, _ = advance(at(1, slow_limit=0.2), look(1, slow_limit=0.9))
    assert after.slow_limit == 0.2


def test_a_new_side_that_falls_ill_gets_nothing_more() -> None:
    after, deed = advance(at(25), look(25, new_healthy=False))
    assert deed == Write(25, 0)
    assert "server is not healthy" in after.reason


def test_traffic_does_not_go_back_to_a_side_that_is_down() -> None:
    after, deed = advance(at(25), look(25, new_healthy=False, old_healthy=False))
    assert deed is None
    assert (after.phase, after.weight) == ("watching", 25)
    assert "lambda is not healthy either" in after.reason


def test_while_the_old_side_is_down_nothing_moves() -> None:
    after, deed = advance(replace(at(25), answers=1000), look(25, old_healthy=False))
    assert (after.phase, deed) == ("watching", None)


def test_a_target_that_falls_ill_between_look_and_write_sends_it_back() -> None:
    class FallsIll(MemoryBalancer):
        def write(self, start: float, end: float) -> None:
            self.new_healthy = self.new_healthy and end != 25
            super().write(start, end)

    balancer = FallsIll()
    end, weights = carried(WELL, balancer)
    assert (end.phase, weights) == ("returned", [0, 1, 5, 0])


def test_credentials_that_end_before_the_step_does_pause_it() -> None:
    migration = replace(at(1), answers=290, seconds=600.0)
    after, deed = advance(migration, look(1, credentials=200.0, seconds=10.0))
    assert (after.phase, after.weight, deed) == ("paused", 1, None)
    assert "renew them" in after.reason
    assert advance(migration, look(1, credentials=5000.0, seconds=10.0))[1] == Write(1, 5)


def test_the_user_may_go_back_from_anywhere() -> None:
    moving, _ = advance(replace(at(5), answers=1000), look(5))
    for live in (5.0, 25.0, 33.0):
        after, deed = retreat(moving, live, 2.0, "asked to")
        assert deed == Write(live, 0)
        end, _ = advance(after, look(0))
        assert (end.phase, end.weight) == ("returned", 0)


def test_finish_sends_the_rest() -> None:
    moving, deed = finish(at(95), 95, 2.0)
    assert deed == Write(95, 100)
    assert advance(moving, look(100))[0].phase == "finished"


def test_paused_it_does_nothing() -> None:
    moving, _ = advance(replace(at(5), answers=1000), look(5))
    after, deed = advance(pause(moving, "asked to"), look(5))
    assert (after.phase, deed) == ("paused", None)
    _, deed = advance(resumed(after), look(5))
    assert deed == Write(5, 25), "what was decided before the pause is done after it"


def test_while_it_holds_the_judge_goes_on() -> None:
    held = replace(at(95), phase="holding", answers=1000)
    ill = Look(at=1.0, live=95, old=Counts(50), new=Counts(950, failures=200))
    deeds: list[Deed | None] = []
    while not any(deeds):
        held, deed = advance(held, ill)
        deeds.append(deed)
    assert deeds[-1] == Write(95, 0)
    assert len(deeds) < 20


def test_what_is_written_reads_back_the_same() -> None:
    store = MemoryStore()
    end = carrier_of(store, MemoryBalancer(), WELL).carry(fresh())
    assert store.content is not None
    assert decode(store.content, "here") == end
    assert stands_still(end)


def test_a_clock_that_steps_back_changes_nothing() -> None:
    clock = iter([1000.0, 990.0, 400.0, 1e9, *[5.0] * 1000])
    carrier = carrier_of(MemoryStore(), MemoryBalancer(), WELL)
    carrier.clock = lambda: next(clock)
    assert carrier.carry(fresh()).weight == 95
