"""The deployment protocol: what a target offers that can bring its artifacts to where they run.

The command line knows nothing else of a place. A target that deploys follows `Deployable`;
what it opens follows `Deployment`. A deploy is a plan, whose changes are shown, and then
applied or discarded. A target declares its own options, and gets them back by name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, TypeVar, runtime_checkable

from ferryman.project.project import Project
from ferryman.records.progress import Progress

__all__ = (
    "Change",
    "Checks",
    "Choices",
    "Deployable",
    "Deployment",
    "Dialogue",
    "LogLine",
    "Permits",
    "Plan",
    "Release",
    "Status",
    "VerbOption",
)


@dataclass(frozen=True, slots=True)
class VerbOption:
    """An option of the command line that one target brings.

    Attributes:
        flags: How it is written, such as `("-n", "--namespace")`; the longest names its value.
        help: Its help, in a sentence.
        verbs: The verbs that take it; none means all of them.
        switch: Whether it takes no value.
        metavar: What stands for its value in the help.
        choices: The values it may have, where there are few.
    """

    flags: tuple[str, ...]
    help: str
    verbs: tuple[str, ...] = ()
    switch: bool = False
    metavar: str | None = None
    choices: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name its value has in `Choices.own`, such as `rollback_on_failure`."""
        return max(self.flags, key=len).lstrip("-").replace("-", "_")


@dataclass(frozen=True, slots=True)
class Choices:
    """The user's choices on the command line.

    Attributes:
        wait: Whether to stay until the release is good.
        timeout: Seconds that may take; None for what is usual at the target.
        dry_run: Whether to change nothing.
        own: The values of the target's own options, by name.
    """

    wait: bool = True
    timeout: float | None = None
    dry_run: bool = False
    own: Mapping[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str | None:
        """Return the value of an own option, or None if it was not given."""
        value = self.own.get(name)
        return None if value is None else str(value)

    def switch(self, name: str) -> bool:
        """Return whether an own switch was given."""
        return bool(self.own.get(name))


@dataclass(frozen=True, slots=True)
class Dialogue:
    """How a deployment speaks with the user.

    Attributes:
        tell: Called with each message, a line at a time.
        ask: Asks a question; the answer is no where there is no terminal.
        progress: Called with the current step, in a few words that replace the last ones.
    """

    tell: Callable[[str], None]
    ask: Callable[[str], bool]
    progress: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Change:
    """What a deploy or a delete does to one thing.

    Attributes:
        action: `create`, `change`, `replace` (deleted and made again) or `delete`.
        kind: Its kind, such as `Deployment` or `AWS::Lambda::Function`.
        name: Which one.
        diff: The change, line by line.
        conflicts: Fields that someone else manages, each with who.
    """

    action: str
    kind: str
    name: str
    diff: tuple[str, ...] = ()
    conflicts: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """Return the action and the thing."""
        return f"{self.action} {self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class Release:
    """An artifact at the place where it runs.

    Attributes:
        id: What `rollback --to` takes.
        version: The project's version.
        artifact: The image, or the digest of the zip.
        share: The share of the requests that it gets, 0 to 1; None if unknown.
        address: A URL at which it answers, where that is known.
        digest: The digest of the image, where the artifact is named by a tag.
        time: When it was deployed, UTC, as ISO 8601.
        by: Who deployed it.
        verdict: `good`, `failed`, or `unknown` while nothing has told.
        restores: The id of the release that it went back to.
    """

    id: str
    version: str
    artifact: str
    share: float | None = None
    address: str | None = None
    digest: str | None = None
    time: str | None = None
    by: str | None = None
    verdict: str | None = None
    restores: str | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """How a project is where it runs.

    Attributes:
        good: Whether the newest release has taken over.
        summary: How it is, in a line.
        troubles: The problems.
        releases: The releases that are there, the newest first.
    """

    good: bool
    summary: str
    troubles: tuple[str, ...]
    releases: tuple[Release, ...]


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that the app wrote.

    Attributes:
        source: Who wrote it: a pod, or a log stream.
        text: The line.
    """

    source: str
    text: str


class Plan(Protocol):
    """What a deploy would do. It holds more that only its own target reads."""

    @property
    def changes(self) -> Sequence[Change]:
        """The changes, in the order of doing."""
        ...

    @property
    def question(self) -> str | None:
        """The question to the user after the changes are shown; None applies them at once."""
        ...


PlanT = TypeVar("PlanT", bound=Plan)


class Deployment(Protocol[PlanT]):
    """A project, at the place that the options name. Every method may raise a FerrymanError."""

    def plan(self) -> PlanT:
        """Return the changes of a deploy, without making them."""
        ...

    def discard(self, plan: PlanT) -> None:
        """Forget a plan that is not applied, and what was prepared for it."""
        ...

    def apply(self, plan: PlanT) -> Release | None:
        """Do what a plan says, and stay until the release is good.

        Returns:
            The release; None where the place tells none.
        """
        ...

    def status(self) -> Status:
        """Return how the project is."""
        ...

    def logs(self, lines: int, *, follow: bool) -> Iterable[LogLine]:
        """Return the last lines of each source, or those and all that come after."""
        ...

    def rollback(self, wanted: str | None) -> Release:
        """Go back to an older release; None is the one before."""
        ...

    def delete(self) -> Sequence[Change] | None:
        """Delete all that was made for the project, after asking.

        Returns:
            What went, or would go; None if the user kept it.
        """
        ...


@runtime_checkable
class Deployable(Protocol):
    """A target that deploys."""

    verb_options: ClassVar[tuple[VerbOption, ...]]
    """The options that it adds to the verbs."""

    def deployment(self, project: Project, choices: Choices, dialogue: Dialogue) -> Deployment[Any]:
        """Return the deployment of a project.

        Raises:
            ConfigError: An option or a setting is wrong, or a package is not installed.
        """
        ...


@runtime_checkable
class Checks(Protocol):
    """A target that checks what a deploy would apply: `ferryman check`."""

    def check(self, project: Project, choices: Choices, progress: Progress) -> Sequence[Any]:
        """Return the findings, each a dataclass whose text is one line.

        Args:
            project: The project.
            choices: The options of the verb.
            progress: Called with each step.

        Raises:
            FerrymanError: It cannot be checked.
        """
        ...


@runtime_checkable
class Permits(Protocol):
    """A target that says what permissions its verbs need: `ferryman policy`."""

    def policy(
        self, project: Project, choices: Choices, verbs: tuple[str, ...]
    ) -> Mapping[str, Any]:
        """Return what grants the permissions, no wider than the verbs need: a policy, a Role.

        Args:
            project: The project.
            choices: The target's own options.
            verbs: The verbs, such as `deploy` and `status`.

        Raises:
            ConfigError: An option or a setting is wrong.
        """
        ...
