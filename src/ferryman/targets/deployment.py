"""The deployment protocol: what a target implements to deploy its artifacts.

The command line knows a platform only through this protocol. A target that deploys follows
`Deployable`; the deployment that it opens follows `Deployment`. A deploy makes a plan, shows its
changes, and then applies or discards it. A target declares its own options, and gets their values
by name.
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
        flags: Its flags, such as `("-n", "--namespace")`; the longest gives its value a name.
        help: Its help, in a sentence.
        verbs: The verbs that have it; empty for all.
        switch: Whether it takes no value.
        metavar: The placeholder of its value in the help.
        choices: The allowed values; empty for any.
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
        wait: Whether to wait until the release is good.
        timeout: The most seconds to wait; None for the target's default.
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
    """How a deployment talks to the user.

    Attributes:
        tell: Called with each message, a line at a time.
        ask: Asks a yes-or-no question; without a terminal the answer is no.
        progress: Called with the current step, in a few words that replace the last ones.
    """

    tell: Callable[[str], None]
    ask: Callable[[str], bool]
    progress: Callable[[str], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class Change:
    """What a deploy or a delete does to one object or resource.

    Attributes:
        action: `create`, `change`, `replace` (deleted and made again) or `delete`.
        kind: Its kind, such as `Deployment` or `AWS::Lambda::Function`.
        name: Its name.
        diff: The change, line by line.
        conflicts: Fields that another manager owns, each with its owner.
    """

    action: str
    kind: str
    name: str
    diff: tuple[str, ...] = ()
    conflicts: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """Return the action, the kind and the name."""
        return f"{self.action} {self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class Release:
    """A deployed artifact.

    Attributes:
        id: What `rollback --to` takes.
        version: The project's version.
        artifact: The image, or the digest of the zip.
        share: The share of the requests that it gets, 0 to 1; None if unknown.
        address: A URL at which it answers; None if unknown.
        digest: The digest of the image, if the artifact is named by a tag.
        time: When it was deployed, UTC, as ISO 8601.
        by: Who deployed it.
        verdict: `good`, `failed`, or `unknown` as long as neither is certain.
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
    """The state of a deployed project.

    Attributes:
        good: Whether the newest release has taken over.
        summary: The state in one line.
        troubles: The problems.
        releases: The existing releases, the newest first.
    """

    good: bool
    summary: str
    troubles: tuple[str, ...]
    releases: tuple[Release, ...]


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that the app wrote.

    Attributes:
        source: The pod or the log stream.
        text: The line.
    """

    source: str
    text: str


class Plan(Protocol):
    """What a deploy would do. A target's plan may have more, which only the target reads."""

    @property
    def changes(self) -> Sequence[Change]:
        """The changes, in the order in which they are made."""
        ...

    @property
    def question(self) -> str | None:
        """The question to ask after the changes are shown; None to apply them without asking."""
        ...


PlanT = TypeVar("PlanT", bound=Plan)


class Deployment(Protocol[PlanT]):
    """A project on its platform, as the options name it. Every method may raise FerrymanError."""

    def plan(self) -> PlanT:
        """Return the changes of a deploy, without making them."""
        ...

    def discard(self, plan: PlanT) -> None:
        """Discard a plan that is not applied, and remove what was prepared for it."""
        ...

    def apply(self, plan: PlanT) -> Release | None:
        """Apply a plan, and wait until the release is good.

        Returns:
            The release; None if the platform does not report one.
        """
        ...

    def status(self) -> Status:
        """Return the state of the project."""
        ...

    def logs(self, lines: int, *, follow: bool) -> Iterable[LogLine]:
        """Return the last lines of each source; with `follow`, new lines too, without an end."""
        ...

    def rollback(self, wanted: str | None) -> Release:
        """Roll back to an older release; None for the last good one."""
        ...

    def delete(self) -> Sequence[Change] | None:
        """Delete everything that was made for the project, after asking.

        Returns:
            What was deleted, or would be; None if the user declined.
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
            FerrymanError: The check cannot run.
        """
        ...


@runtime_checkable
class Permits(Protocol):
    """A target that says what permissions its verbs need: `ferryman policy`."""

    def policy(
        self, project: Project, choices: Choices, verbs: tuple[str, ...]
    ) -> Mapping[str, Any]:
        """Return the policy or the Role that grants what the verbs need, and no more.

        Args:
            project: The project.
            choices: The target's own options.
            verbs: The verbs, such as `deploy` and `status`.

        Raises:
            ConfigError: An option or a setting is wrong.
        """
        ...
