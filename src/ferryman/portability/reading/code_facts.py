"""All that the code says, one fact for each place or thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ferryman.portability.finding import Fact, Place
from ferryman.portability.reading.database_patterns import database_facts
from ferryman.portability.reading.door_patterns import door_facts
from ferryman.portability.reading.file_patterns import file_facts
from ferryman.portability.reading.running_code import RunningCode
from ferryman.portability.reading.state_patterns import state_facts
from ferryman.portability.reading.work_patterns import loop_facts, signal_places, work_facts

__all__ = ("code_facts", "once")


def code_facts(running: RunningCode, addresses: Mapping[str, str]) -> tuple[Fact, ...]:
    """Return the facts that the code tells, in the order of their places.

    Args:
        running: The code that runs.
        addresses: Variables of the environment, which may hold a database's address.
    """
    signals = (Fact("M513", each, "a signal is handled") for each in signal_places(running))
    return once(
        (
            *door_facts(running),
            *work_facts(running),
            *state_facts(running),
            *file_facts(running),
            *loop_facts(running),
            *database_facts(running, addresses),
            *signals,
        )
    )


def once(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Return facts in the order of their places, but one for each thing or place."""
    found: dict[tuple[str, str | Place], Fact] = {}
    for fact in sorted(facts, key=lambda fact: (fact.place, fact.code, -(fact.amount or 0))):
        found.setdefault((fact.code, fact.about or fact.place), fact)
    return tuple(found.values())
