"""What targets that deploy to AWS share: their options, and what each verb does with a stack."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ferryman.aws.change_set import ChangeSet, Desired, delete_change_set, execute, prepare
from ferryman.aws.log_events import last_events, new_events
from ferryman.aws.session import Aws, open_session
from ferryman.aws.stack import Stack, find_stack, follow
from ferryman.aws.stack_state import usable_stack
from ferryman.aws.stack_update import deletion, refuse_drift
from ferryman.core.errors import FerrymanError
from ferryman.project.project import Project
from ferryman.targets.deployment import Change, Choices, Dialogue, LogLine, VerbOption

__all__ = ("AWS_OPTIONS", "ProjectStack", "stack_troubles")

AWS_OPTIONS = (
    VerbOption(
        ("--region",),
        "The AWS region; by default that of the settings or credentials.",
        metavar="REGION",
    ),
    VerbOption(("--profile",), "The profile of the AWS credentials.", metavar="NAME"),
    VerbOption(("--stack",), "The stack's name; by default the project's.", metavar="NAME"),
    VerbOption(
        ("--adopt",),
        "Take over a stack that ferryman did not make.",
        verbs=("deploy", "diff"),
        switch=True,
    ),
    VerbOption(
        ("--overwrite",),
        "Overwrite what was changed outside the stack.",
        verbs=("deploy",),
        switch=True,
    ),
    VerbOption(
        ("--since",),
        "How far back to read: 30s, 10m, 2h or 1d; by default 1h.",
        verbs=("logs",),
        metavar="TIME",
    ),
    VerbOption(("--with-logs",), "Delete the log group, too.", verbs=("delete",), switch=True),
)


_PATIENCE = 1800.0
"""The default of `--timeout`, in seconds. CloudFront takes minutes."""


@dataclass(frozen=True)
class ProjectStack:
    """A project's stack on AWS, and the dialogue with the user about it.

    Args:
        project: The project that the stack must belong to.
        name: The stack's name.
        region: The region in the settings; None takes that of the credentials.
        choices: The user's choices.
        dialogue: Asks the user, and shows each step.
    """

    project: Project
    name: str
    region: str | None
    choices: Choices
    dialogue: Dialogue

    @cached_property
    def aws(self) -> Aws:
        """The session, opened on first use.

        Raises:
            ConfigError: boto3 is not installed, there is no such profile, or no region.
        """
        return open_session(
            self.choices.text("region") or self.region, self.choices.text("profile")
        )

    @property
    def timeout(self) -> float:
        """Seconds to wait for a change of the stack."""
        return self.choices.timeout or _PATIENCE

    @property
    def question(self) -> str:
        """The question to the user before a change."""
        place = f"the stack {self.name} in {self.aws.region} of account {self.aws.account}"
        return f"make these changes to {place}?"

    def to_deploy(self) -> Stack | None:
        """Return the stack that a deployment will change, None if there is none yet.

        Raises:
            ConfigError: The stack is another project's.
            AwsError: AWS refused.
            StackFailed: It cannot be changed.
        """
        return usable_stack(
            self.aws,
            self.name,
            self.project.fields.name,
            (lambda _: False) if self.choices.dry_run else self.dialogue.ask,
            self.dialogue.tell,
            adopt=self.choices.switch("adopt"),
            timeout=self.timeout,
        )

    def deployed(self, target: str) -> Stack:
        """Return the stack that is deployed.

        Raises:
            FerrymanError: The stack does not exist, or AWS refused.
        """
        stack = find_stack(self.aws, self.name)
        if stack is None or not stack.exists:
            raise FerrymanError(
                f"{self.name} is not deployed in {self.aws.region}",
                hint=f"`ferryman deploy -t {target}` deploys it",
            )
        return stack

    def prepare(
        self, desired: Desired, stack: Stack | None, template: Mapping[str, Any]
    ) -> ChangeSet | None:
        """Return the change set of CloudFormation, or None if nothing would change.

        Raises:
            StackFailed: A resource of the change was changed outside the stack.
        """
        made = prepare(self.aws, desired, stack, template)
        if made and stack and stack.exists:
            tolerated = self.choices.switch("overwrite") or self.choices.dry_run
            refuse_drift(self.aws, self.name, made, self.dialogue.tell, tolerated=tolerated)
        return made

    def change(
        self,
        stack: Stack | None,
        made: ChangeSet | None,
        send: Callable[[], object],
        tell: Callable[[str], None] | None = None,
        *,
        resumes: bool,
    ) -> Stack | None:
        """Send the code and change the stack; return None if the user does not wait.

        Args:
            stack: The stack as it is.
            made: What CloudFormation would change; None for nothing.
            send: Sends the code.
            tell: Called with each step, instead of the dialogue's `tell`.
            resumes: Whether an interrupted run already began this change of the stack.

        Raises:
            StackFailed: A resource failed.
        """
        tell = tell or self.dialogue.tell
        if resumes and stack:
            tell("waiting for the change that is already under way")
            return follow(self.aws, stack.id, "", tell, timeout=self.timeout)
        if made is None:
            return stack
        try:
            send()
        except BaseException:
            self.discard(made)
            raise
        return execute(self.aws, made, tell, wait=self.choices.wait, timeout=self.timeout)

    def discard(self, made: ChangeSet | None) -> None:
        """Delete a change set, and the empty stack that was made for it."""
        if made:
            delete_change_set(self.aws, made.stack, made.name, creates=made.creates)

    def log(
        self, group: str, lines: int, source: Callable[[str], str], *, follow: bool
    ) -> Iterable[LogLine]:
        """Return the last lines of a log group; with `follow`, new lines too, without an end.

        Args:
            group: The log group.
            lines: How many lines at most.
            source: Returns a short name for a log stream.
            follow: Whether to keep waiting for new lines.

        Raises:
            ConfigError: `--since` is not a length of time.
            AwsError: AWS refused.
        """
        since = self.choices.text("since") or "1h"
        found = (new_events if follow else last_events)(self.aws, group, since, lines)
        return (LogLine(source(stream), text) for stream, text in found)

    def delete(self) -> tuple[Change, ...] | None:
        """Delete the stack if the user agrees; its logs stay, except with `--with-logs`.

        Returns:
            What was deleted, or would be; empty without a stack, None if the user declined.

        Raises:
            ConfigError: The stack is another project's.
            StackFailed: A resource could not be deleted.
        """
        tell = self.dialogue.tell
        stack = usable_stack(self.aws, self.name, self.project.fields.name, lambda _: False, tell)
        if stack is None:
            return ()
        wanted = deletion(self.aws, stack, with_logs=self.choices.switch("with_logs"))
        found = tuple(Change("delete", kind, name) for kind, name in wanted.resources)
        if self.choices.dry_run:
            return found
        if not self.dialogue.ask(wanted.question):
            return None
        wanted.carry_out(self.aws, stack, tell, timeout=self.timeout)
        return found


def stack_troubles(stack: Stack) -> list[str]:
    """Return why the last change of a stack failed; empty if it did not."""
    if "FAILED" in stack.status or "ROLLBACK" in stack.status:
        return [f"the stack is {stack.status}: {stack.reason}".rstrip(": ")]
    return []
