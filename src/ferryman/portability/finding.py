"""Facts about an app, their effects on targets, and findings, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

__all__ = ("LEVELS", "Effect", "Fact", "Finding", "Level", "Place")

Level = Literal["note", "warning", "error"]
LEVELS: tuple[Level, ...] = ("note", "warning", "error")
"""From the least to the most serious: the app differs, works less well, or does not work."""


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
    """An action of the app, on any target.

    Attributes:
        code: The code of the rule that judges it.
        place: The line of the app's code.
        what: The action as a clause, such as "order writes a file".
        amount: A size in bytes, a time in seconds or a number, for rules with a limit.
        about: Its subject, such as `shop.CARDS`; two facts with the same code and subject are one.
            If empty, the place distinguishes facts.
        handler: The first line of the running handler, if the place is a guess.
    """

    code: str
    place: Place
    what: str
    amount: float | None = None
    about: str = ""
    handler: Place | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the fact as JSON data."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Fact:
        """Return the fact that `to_json` described."""
        handler = data["handler"]
        places = {"place": Place(**data["place"]), "handler": handler and Place(**handler)}
        return cls(**{**data, **places})


@dataclass(frozen=True, slots=True)
class Effect:
    """The effect of a fact on a target."""

    level: Level
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact that has an effect on a target of the project.

    Attributes:
        code: The code of its rule.
        title: The rule's title.
        place: The line of the user's code.
        what: The app's action there.
        effects: The effect on each target, by its name.
        mend: How to fix it.
    """

    code: str
    title: str
    place: Place
    what: str
    effects: Mapping[str, Effect]
    mend: str

    @property
    def level(self) -> Level:
        """The most serious level of its effects."""
        return max((effect.level for effect in self.effects.values()), key=LEVELS.index)

    def to_json(self) -> dict[str, Any]:
        """Return the finding as JSON data."""
        return {"level": self.level, **asdict(self)}
