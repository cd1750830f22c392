"""What was seen of an app, and what that means: facts, effects and findings as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ("LEVELS", "Effect", "Fact", "Finding", "Level", "Place")

Level = Literal["note", "warning", "error"]
LEVELS: tuple[Level, ...] = ("note", "warning", "error")
"""From the least to the gravest: it differs; it works less well; it does not work."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of the user's code.

    Attributes:
        file: The file, relative to the project's directory.
        line: The line, from 1.
    """

    file: str
    line: int

    def __str__(self) -> str:
        """Return `file:line`."""
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that the app does, wherever it runs.

    Attributes:
        code: The code of the rule that says what it means.
        place: Where the app does it.
        what: The fact, as half a sentence.
        amount: A size in bytes, a time in seconds or a number, where the rule compares one.
        about: What it concerns, such as `shop.CARDS`; two facts of one code about one thing are
            one. Empty: the place is what tells facts apart.
        handler: The first line of the handler that was running, where the place is a guess.
    """

    code: str
    place: Place
    what: str
    amount: float | None = None
    about: str = ""
    handler: Place | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fact as JSON has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Fact:
        """Return the fact that `to_json` made data of."""
        handler = data["handler"]
        places = {"place": Place(**data["place"]), "handler": handler and Place(**handler)}
        return cls(**{**data, **places})


@dataclass(frozen=True, slots=True)
class Effect:
    """What a fact means on a target."""

    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact that has an effect on a target of the project.

    Attributes:
        code: The code of its rule.
        title: The rule's title.
        place: Where it is in the user's code.
        what: What the app does there.
        effects: What happens on each target, by its name.
        mend: What to do about it.
    """

    code: str
    title: str
    place: Place
    what: str
    effects: Mapping[str, Effect]
    mend: str

    @property
    def level(self) -> Level:
        """The gravest level of its effects."""
        return max((effect.level for effect in self.effects.values()), key=LEVELS.index)

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON has it."""
        return {"level": self.level, **asdict(self)}
