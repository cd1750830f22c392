"""Collects the facts of all patterns, one for each subject or place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ferryman.portability.finding import Fact, Place
from ferryman.portability.reading.database_patterns import database_facts
from ferryman.portability.reading.door_patterns import door_facts
from ferryman.portability.reading.file_patterns import file_facts
from ferryman.portability.reading.running_code import RunningCode
from ferryman.portability.reading.state_patterns import state_facts
from ferryman.portability.reading.work_patterns import loop_facts, signal_facts, work_facts

__all__ = ("code_facts", "once")


def code_facts(running: RunningCode, addresses: Mapping[str, str]) -> tuple[Fact, ...]:
    """Return the facts of the code, in the order of their places.

    Args:
        running: The code that runs.
        addresses: Environment variables, which may contain a database's address.
    """
    return once(
        (
            *door_facts(running),
            *work_facts(running),
            *state_facts(running),
            *file_facts(running),
            *loop_facts(running),
            *database_facts(running, addresses),
            *signal_facts(running),
        )
    )


def once(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Return one fact for each subject or place, in the order of the places."""
    unique: dict[tuple[str, str | Place], Fact] = {}
    for fact in sorted(facts, key=lambda fact: (fact.place, fact.code, -(fact.amount or 0))):
        unique.setdefault((fact.code, fact.about or fact.place), fact)
    return tuple(unique.values())
