"""What a rule is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ("Check", "Finding", "Manifest", "Problem", "Rule")


@dataclass(frozen=True, slots=True)
class Manifest:
    """An object, and the file that it stands in.

    Attributes:
        file: The file, as a reader would name it.
        document: The object, without nulls.
    """

    file: str
    document: dict[str, Any]

    @property
    def kind(self) -> str:
        """The kind; of Knative's Service, `Knative`, for it is not a Service."""
        version, kind = self.document.get("apiVersion", ""), self.document.get("kind", "")
        return "Knative" if str(version).startswith("serving.knative.dev/") else str(kind)

    @property
    def metadata(self) -> dict[str, Any]:
        """The metadata; empty where the document has none, or something else in its place."""
        found = self.document.get("metadata")
        return found if isinstance(found, dict) else {}

    @property
    def name(self) -> str:
        """The name; empty where none is written."""
        return str(self.metadata.get("name", ""))

    @property
    def namespace(self) -> str:
        """The namespace; empty where none is written."""
        return str(self.metadata.get("namespace", ""))

    @property
    def labels(self) -> dict[str, str]:
        """The labels; empty where none are written."""
        return self.metadata.get("labels") or {}

    @property
    def spec(self) -> dict[str, Any]:
        """The spec; empty where none is written."""
        return self.document.get("spec") or {}


Problem = tuple[Manifest, str, str]
"""The object, the path of the field in it, and what is wrong."""

Check = Callable[[Sequence[Manifest]], Iterator[Problem]]


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule.

    Attributes:
        code: By which it is known: `K` and three digits.
        title: What must hold, in half a sentence.
        why: What goes wrong where it does not hold.
        check: What finds out.
        strict: Whether it counts only where strictness is asked for.
    """

    code: str
    title: str
    why: str
    check: Check
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that does not hold.

    Attributes:
        code: The rule's.
        file: The file of the object.
        subject: The object, as kind/name.
        path: The field.
        message: What is wrong.
        place: The file and line of the user's that brought it, where that is known.
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
