"""What a rule is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ferryman.targets.k8s.rules.manifest_reader import ManifestSet, Problem

__all__ = ("Check", "Finding", "Rule")

Check = Callable[[ManifestSet], Iterator[Problem]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule.

    Attributes:
        code: Its code: `K` and three digits.
        title: What must be true, as half a sentence.
        why: What goes wrong otherwise.
        check: Yields the problems.
        strict: Whether the rule applies only to projects that set `strict`.
    """

    code: str
    title: str
    why: str
    check: Check
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem that a check found in an object.

    Attributes:
        code: The code of the check.
        file: The file of the object.
        subject: The object, as kind/name.
        path: The field.
        message: What is wrong.
        place: The file and line in which the user wrote it, if known.
    """

    code: str
    file: str
    subject: str
    path: str
    message: str
    place: str | None = None

    def __str__(self) -> str:
        """Return the finding in one line."""
        return f"{self.place or self.file}: {self.code} {self.subject} {self.path}: {self.message}"
