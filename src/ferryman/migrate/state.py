"""A migration as a value: intended moves, completed moves, and observations.

It is one JSON document, overwritten and never deleted. This module turns it into values and
back; it knows no store and no clock.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal

from ferryman.core.errors import ConfigError
from ferryman.core.judge import ENOUGH, Counts, Evidence, Stream, Trial

__all__ = ("VERSION", "Entry", "Migration", "Move", "Phase", "Purpose", "decode", "encode")

VERSION = 1
"""The document's version. A newer one is refused, because it may hold an unknown kind of move."""

Phase = Literal["joining", "watching", "holding", "paused", "returned", "finished"]

Purpose = Literal["step", "follow", "return", "finish"]

_ENTRIES, _PREVIOUS = 500, 20
"""Most entries of the log, and most earlier migrations, that the document keeps."""


@dataclass(frozen=True, slots=True)
class Move:
    """A decided change of the weight. It is recorded before it is made.

    Attributes:
        purpose: Its purpose, which determines the next phase.
        start: The new side's percentage before it.
        end: The percentage after it.
        reason: Why.
        at: When it was decided, in seconds since 1970.
    """

    purpose: Purpose
    start: float
    end: float
    reason: str
    at: float


@dataclass(frozen=True, slots=True)
class Entry:
    """A completed move, with the observations up to its decision.

    Attributes:
        move: The move.
        done_at: When the new weight was seen to be live.
        old: All answers of the old side until then.
        new: All answers of the new side until then.
        evidence: The evidence of each stream, by its name.
    """

    move: Move
    done_at: float
    old: Counts
    new: Counts
    evidence: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Migration:
    """One migration.

    Attributes:
        id: Its unique name.
        old: The side that the traffic leaves.
        new: The side that it goes to.
        steps: The new side's percentages, ascending.
        needed: Answers of the new side that a step needs.
        phase: Its phase. `holding` means that the last step has passed and both sides stay.
        weight: The new side's percentage, as recorded.
        move: The decided change that is not confirmed yet, or None.
        trial: Both sides' answers that the judge has weighed.
        waiting_old: Answers of the old side that are not weighed yet.
        waiting_new: Answers of the new side that are not weighed yet.
        answers: Answers of the new side since the last move.
        looks: Looks since the last move.
        seconds: Seconds of looking since the last move.
        slow_limit: Seconds above which an answer is slow; None judges no times.
        cursor: The observer's position, in its own format.
        reason: Why it is paused or went back; empty otherwise.
        owner: The process that runs it; empty if none does.
        beat: Counts the owner's looks; while it grows the owner is alive.
        at: When it was last written, in seconds since 1970.
        log: The completed moves.
        previous: Migrations before this one, shortened.
    """

    id: str
    old: str
    new: str
    steps: tuple[int, ...]
    needed: int = ENOUGH
    phase: Phase = "joining"
    weight: float = 0.0
    move: Move | None = None
    trial: Trial = field(default_factory=Trial)
    waiting_old: Counts = field(default_factory=Counts)
    waiting_new: Counts = field(default_factory=Counts)
    answers: int = 0
    looks: int = 0
    seconds: float = 0.0
    slow_limit: float | None = None
    cursor: Any = None
    reason: str = ""
    owner: str = ""
    beat: int = 0
    at: float = 0.0
    log: tuple[Entry, ...] = ()
    previous: tuple[Mapping[str, Any], ...] = ()

    @property
    def over(self) -> bool:
        """Whether the migration has ended, and a new one may begin."""
        return self.phase in ("returned", "finished")

    @property
    def last(self) -> bool:
        """Whether the weight is that of the last step."""
        return self.weight >= self.steps[-1]

    @property
    def next_step(self) -> int:
        """The percentage of the next step; after the last step, that of the last."""
        return next((step for step in self.steps if step > self.weight), self.steps[-1])

    def weighed(self) -> Migration:
        """Return the migration with its waiting answers weighed by the judge."""
        trial = self.trial.seen(self.waiting_old, self.waiting_new)
        return replace(self, trial=trial, waiting_old=Counts(), waiting_new=Counts())

    def done(self, at: float) -> Migration:
        """Return the migration with its move completed and added to the log."""
        return self.weighed()._moved(at)

    def _moved(self, at: float) -> Migration:
        assert self.move is not None
        evidence = {
            stream.name: each.value
            for stream, each in zip(self.trial.streams, self.trial.evidence, strict=True)
        }
        entry = Entry(self.move, at, self.trial.old, self.trial.new, evidence)
        return replace(
            self,
            weight=self.move.end,
            move=None,
            answers=0,
            looks=0,
            seconds=0.0,
            log=(*self.log, entry)[-_ENTRIES:],
        )

    def shortened(self) -> Mapping[str, Any]:
        """Return the short form that later migrations keep of this one."""
        names = ("id", "old", "new", "phase", "weight", "reason", "at")
        return {name: getattr(self, name) for name in names}

    def history(self) -> tuple[Mapping[str, Any], ...]:
        """Return the list of earlier migrations for the successor of this one."""
        return (*self.previous, self.shortened())[-_PREVIOUS:]


def encode(migration: Migration) -> bytes:
    """Return the document of a migration."""
    document = {"version": VERSION, **asdict(migration)}
    return json.dumps(document, indent=1, allow_nan=False).encode() + b"\n"


def decode(content: bytes, place: str) -> Migration:
    """Return the migration of a document.

    Args:
        content: The document.
        place: Its name in errors.

    Raises:
        ConfigError: The document is not a migration's, or is a newer version.
    """
    try:
        document = json.loads(content)
        version = document.pop("version")
        if version != VERSION:
            raise ConfigError(
                f"{place} has version {version}, and this ferryman reads version {VERSION}",
                hint="use the version of ferryman that began the migration, or a newer one",
            )
        return _migration(document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{place} is not the state of a migration",
            cause=f"{type(error).__name__}: {error}",
            hint="restore it from a copy, or name another file in [tool.ferryman.migrate] state",
        ) from None


def _migration(document: dict[str, Any]) -> Migration:
    trial, move = document["trial"], document["move"]
    unknown = document.keys() - {each.name for each in fields(Migration)}
    if unknown:
        raise KeyError(min(unknown))
    return Migration(
        **{
            **document,
            "waiting_old": Counts(**document["waiting_old"]),
            "waiting_new": Counts(**document["waiting_new"]),
            "steps": tuple(int(step) for step in document["steps"]),
            "move": Move(**move) if move else None,
            "trial": Trial(
                tuple(Stream(**each) for each in trial["streams"]),
                tuple(
                    Evidence(each["old"], each["new"], tuple(map(float, each["logs"])))
                    for each in trial["evidence"]
                ),
                Counts(**trial["old"]),
                Counts(**trial["new"]),
            ),
            "log": tuple(
                Entry(
                    Move(**entry["move"]),
                    entry["done_at"],
                    Counts(**entry["old"]),
                    Counts(**entry["new"]),
                    entry["evidence"],
                )
                for entry in document["log"]
            ),
            "previous": tuple(document["previous"]),
        }
    )
