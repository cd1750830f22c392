"""A migration as a value: what was intended, what was done, what was seen.

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
"""Of the document. A newer one is refused, for it may hold an intent that is not understood."""

Phase = Literal["joining", "watching", "holding", "paused", "returned", "finished"]

Purpose = Literal["step", "follow", "return", "finish"]

_ENTRIES, _PREVIOUS = 500, 20
"""Most entries of the log, and most earlier migrations, that the document keeps."""


@dataclass(frozen=True, slots=True)
class Move:
    """A change of the weight that was decided. It is written before it is done.

    Attributes:
        purpose: What it is for, which says what follows it.
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
    """A move that was done, with what had been seen until it was decided.

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
        id: Its name, unlike that of any other.
        old: The side that the traffic leaves.
        new: The side that it goes to.
        steps: The new side's percentages, ascending.
        needed: Answers of the new side that a step needs.
        phase: Where it stands. `holding` is the last step, passed: both sides stay.
        weight: The new side's percentage, as recorded.
        move: The change that was decided and not yet seen to be live.
        trial: What both sides answered, as far as it was weighed.
        waiting_old: Answers of the old side that are not weighed yet.
        waiting_new: Answers of the new side that are not.
        answers: Answers of the new side since the last move.
        looks: Looks since the last move.
        seconds: Seconds of looking since the last move.
        slow_limit: Seconds above which an answer is slow; None judges no times.
        cursor: Where the observer left off, in its own form.
        reason: Why it is paused or went back; empty otherwise.
        owner: The process that carries it on; empty if none does.
        beat: Counts the looks of its owner; while it grows the owner is alive.
        at: When it was last written, in seconds since 1970.
        log: What was done.
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
        """Whether nothing is left to do, and a new migration may begin."""
        return self.phase in ("returned", "finished")

    @property
    def last(self) -> bool:
        """Whether the weight is that of the last step."""
        return self.weight >= self.steps[-1]

    @property
    def next_step(self) -> int:
        """The percentage of the step after the present one; the last one stays the last."""
        return next((step for step in self.steps if step > self.weight), self.steps[-1])

    def weighed(self) -> Migration:
        """Return the migration with all that was seen given to the judge."""
        trial = self.trial.seen(self.waiting_old, self.waiting_new)
        return replace(self, trial=trial, waiting_old=Counts(), waiting_new=Counts())

    def done(self, at: float) -> Migration:
        """Return the migration with its move done, and written into the log."""
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
        """Return what a later migration remembers of this one."""
        names = ("id", "old", "new", "phase", "weight", "reason", "at")
        return {name: getattr(self, name) for name in names}

    def history(self) -> tuple[Mapping[str, Any], ...]:
        """Return the earlier migrations of one that follows this one."""
        return (*self.previous, self.shortened())[-_PREVIOUS:]


def encode(migration: Migration) -> bytes:
    """Return the document of a migration."""
    document = {"version": VERSION, **asdict(migration)}
    return json.dumps(document, indent=1, allow_nan=False).encode() + b"\n"


def decode(content: bytes, place: str) -> Migration:
    """Return the migration of a document.

    Args:
        content: The document.
        place: What an error calls it.

    Raises:
        ConfigError: It is not such a document, or one of a newer version.
    """
    try:
        document = json.loads(content)
        version = document.pop("version")
        if version != VERSION:
            raise ConfigError(
                f"{place}: it is a state of version {version}, and this ferryman reads {VERSION}",
                hint="carry the migration on with the ferryman that began it, or a newer one",
            )
        return _migration(document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{place}: it is not the state of a migration",
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
