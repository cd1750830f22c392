"""Decides a migration's next action: a pure function of its state and a look.

It uses no clock, network or file: if the process is killed between two calls, the next one decides
again from the document and the live weight. Three rules hold throughout:

- a move is written to the document before it is made;
- if the weight is neither the one before a move nor the one after it, someone else set it: the
migration pauses, and does not change it back;
- traffic goes back only to a healthy side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ferryman.core.judge import Counts, Judgement, judge
from ferryman.migrate.state import Migration, Move, Phase, Purpose
from ferryman.records.wording import counted

__all__ = (
    *("JOIN", "Deed", "Join", "Look", "Write"),
    *("advance", "finish", "follow", "pause", "retreat"),
)

_TOLERANCE = 0.5
"""Tolerance in percentage points, because some balancers only have whole weights."""

_MARGIN = 300.0
"""Seconds that credentials must outlive a step, so that a rollback is possible."""

_SETTLED = ("paused", "returned", "finished")

_AFTER: Mapping[Purpose, Phase] = {
    "step": "watching",
    "follow": "holding",
    "return": "returned",
    "finish": "finished",
}
"""The phase that a move leads to."""

_POOLED = 50
"""How many answers to judge together: of fewer, a small weight's actual share is too random."""


@dataclass(frozen=True, slots=True)
class Look:
    """The observations of both sides since the previous look.

    Attributes:
        at: The time of the look, in seconds since 1970.
        live: The new side's percentage, or None where it has not joined.
        old_healthy: Whether the old side can take traffic.
        new_healthy: Whether the new side can.
        old: The old side's answers since then.
        new: The new side's answers since then.
        seconds: The time since the previous look; 0 if unknown.
        slow_limit: The old side's 95th percentile, in seconds, once there are enough answers.
        measuring: Whether `slow_limit` is still being measured.
        credentials: Seconds until the credentials for changing the weight expire; None if never.
        cursor: The observer's position in its source.
    """

    at: float
    live: float | None
    old_healthy: bool = True
    new_healthy: bool = True
    old: Counts = field(default_factory=Counts)
    new: Counts = field(default_factory=Counts)
    seconds: float = 0.0
    slow_limit: float | None = None
    measuring: bool = False
    credentials: float | None = None
    cursor: object = None


@dataclass(frozen=True, slots=True)
class Join:
    """Let the new side join with a weight of 0."""


@dataclass(frozen=True, slots=True)
class Write:
    """Set the new side's percentage, if the expected one is live."""

    start: float
    end: float


Deed = Join | Write
JOIN = Join()


def advance(migration: Migration, look: Look) -> tuple[Migration, Deed | None]:
    """Return the migration after a look, and the action to take once it is written.

    Args:
        migration: The recorded migration.
        look: The look.
    """
    seen = _absorb(migration, look)
    if seen.phase in _SETTLED:
        return seen, None
    if look.live is None:
        if seen.phase == "joining":
            return seen, JOIN
        return pause(seen, f"{seen.new} is no longer among the balancer's sides"), None
    if seen.move:
        return _carry_on(seen, seen.move, look, look.live)
    if not _same(look.live, seen.weight):
        return pause(seen, _drift(look.live, f"{seen.weight:g}")), None
    if seen.phase == "joining":
        return _join(seen, look)
    return _watch(seen, look)


def follow(
    migration: Migration, look: Look, wanted: float, change: float, *, renews: bool = True
) -> tuple[Migration, Deed | None]:
    """Return the migration after a look, moved towards a percentage if it holds.

    The new side gets more once the judge has found the present weight fine, and less at any time if
    the old side is healthy. Traffic goes back as in `advance`.

    Args:
        migration: The recorded migration.
        look: The look.
        wanted: The wanted percentage of the new side.
        change: The largest move, in percentage points.
        renews: Whether the limit of slow answers follows the old side's recent times, because both
            sides are slower in some hours of a day. A limit only counts answers after it was set,
            so the judge's guarantee holds.
    """
    seen, deed = advance(migration, look)
    if renews and look.slow_limit:
        seen = replace(seen, slow_limit=look.slow_limit)
    arrived = seen.weight != migration.weight
    if deed or arrived or seen.phase != "holding" or seen.move:
        return seen, deed
    end = round(max(seen.weight - change, min(seen.weight + change, wanted)))
    if abs(end - seen.weight) < 1:
        return seen, None
    judgement = judge(seen.trial, seen.answers, seen.needed)
    if end > seen.weight and judgement.verdict != "fine":
        return seen, None
    if not (look.old_healthy and look.new_healthy):
        return seen, None
    move = Move("follow", seen.weight, end, f"{wanted:.0f} % is cheapest in this hour", look.at)
    return replace(seen, phase="watching", move=move), Write(move.start, move.end)


def pause(migration: Migration, reason: str) -> Migration:
    """Return the migration, paused."""
    return replace(migration, phase="paused", reason=reason)


def retreat(
    migration: Migration, live: float, at: float, reason: str
) -> tuple[Migration, Deed | None]:
    """Return the migration with all traffic sent back to the old side, from any phase."""
    move = Move("return", live, 0.0, reason, at)
    return replace(migration, phase="watching", move=move, reason=reason), Write(live, 0.0)


def finish(migration: Migration, live: float, at: float) -> tuple[Migration, Deed | None]:
    """Return the migration with all traffic sent to the new side, for good."""
    move = Move("finish", live, 100.0, "finish", at)
    return replace(migration, phase="watching", move=move, reason=""), Write(live, 100.0)


def _absorb(migration: Migration, look: Look) -> Migration:
    """Return the migration with the look's answers, which count from the first weight above 0."""
    seen = replace(
        migration,
        beat=migration.beat + 1,
        at=look.at,
        cursor=look.cursor,
        looks=migration.looks + 1,
        seconds=migration.seconds + look.seconds,
    )
    if migration.phase == "joining":
        return seen if seen.slow_limit else replace(seen, slow_limit=look.slow_limit)
    if migration.over:
        return seen
    seen = replace(
        seen,
        answers=seen.answers + look.new.answers,
        waiting_old=seen.waiting_old + look.old,
        waiting_new=seen.waiting_new + look.new,
    )
    enough = seen.waiting_old.answers + seen.waiting_new.answers >= _POOLED
    return seen.weighed() if enough else seen


def _carry_on(
    migration: Migration, move: Move, look: Look, live: float
) -> tuple[Migration, Deed | None]:
    """Finish a decided move, whether or not it was already made."""
    if _same(live, move.end):
        return _arrived(migration.done(look.at), move), None
    if not _same(live, move.start):
        between = f"{move.start:g} or {move.end:g}"
        return pause(migration, _drift(live, between)), None
    if move.end > move.start and not look.new_healthy:
        given_up = replace(migration, move=None)
        return _return(given_up, look, f"{migration.new} is not healthy")
    return migration, Write(move.start, move.end)


def _arrived(migration: Migration, move: Move) -> Migration:
    return replace(migration, phase=_AFTER[move.purpose])


def _join(migration: Migration, look: Look) -> tuple[Migration, Deed | None]:
    if not (look.new_healthy and look.old_healthy) or look.measuring:
        return migration, None
    return _move(migration, look, migration.next_step, f"{migration.new} is healthy")


def _watch(migration: Migration, look: Look) -> tuple[Migration, Deed | None]:
    judgement = judge(migration.trial, migration.answers, migration.needed)
    if migration.weight > 0 and not look.new_healthy:
        return _return(migration, look, f"{migration.new} is not healthy")
    if judgement.verdict == "worse":
        return _return(migration, look, _reasons(judgement, migration.new))
    if migration.phase == "holding" or judgement.verdict == "undecided" or not look.old_healthy:
        return migration, None
    if migration.last:
        return replace(migration, phase="holding"), None
    passed = f"{counted(judgement.answers, 'answer')}, and no sign that the new side is worse"
    return _move(migration, look, migration.next_step, passed)


def _move(
    migration: Migration, look: Look, end: float, reason: str
) -> tuple[Migration, Deed | None]:
    needed = _seconds_of_step(migration, end) + _MARGIN
    if look.credentials is not None and look.credentials < needed:
        short = (
            f"the credentials expire in {look.credentials:.0f} s, and the step to {end:g} % may "
            f"take {needed:.0f} s: renew them, and resume"
        )
        return pause(migration, short), None
    move = Move("step", migration.weight, end, reason, look.at)
    return replace(migration, phase="watching", move=move), Write(move.start, move.end)


def _return(migration: Migration, look: Look, reason: str) -> tuple[Migration, Deed | None]:
    if not look.old_healthy:
        held = f"{reason}, and {migration.old} is not healthy either"
        return replace(migration, reason=held), None
    assert look.live is not None
    return retreat(migration, look.live, look.at, reason)


def _seconds_of_step(migration: Migration, end: float) -> float:
    """Return how long a step may take, at the previous step's traffic; 0 without traffic."""
    if not migration.answers or not migration.seconds:
        return 0.0
    a_second = migration.answers / migration.seconds
    return migration.needed / (a_second * end / migration.weight) if migration.weight else 0.0


def _reasons(judgement: Judgement, side: str) -> str:
    return "; ".join(
        f"{side} is worse: {finding.new} {finding.stream}, against {finding.old} on the old side, "
        f"evidence {finding.evidence:.3g} of {finding.threshold:g}"
        for finding in judgement.reasons
    )


def _drift(live: float, recorded: str) -> str:
    return (
        f"the live weight is {live:.4g} %, and {recorded} % is recorded: someone else changed it "
        "(`resume --adopt` continues from the live weight)"
    )


def _same(one: float, other: float) -> bool:
    # 0 and 100 must be exact: half a percent is still traffic.
    if {one, other} & {0.0, 100.0}:
        return one == other
    return abs(one - other) <= _TOLERANCE
