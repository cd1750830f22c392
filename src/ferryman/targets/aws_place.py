"""What targets that deploy to AWS share: where, how much of a log, and the end of a stack."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ferryman.aws.log_events import last_events, new_events
from ferryman.aws.session import Aws, open_session
from ferryman.aws.stack import Stack
from ferryman.aws.stack_state import usable_stack
from ferryman.aws.stack_update import deletion
from ferryman.project.project import Project
from ferryman.targets.deployment import Change, Choices, Dialogue, LogLine, VerbOption

__all__ = ("AWS_OPTIONS", "delete_stack_after_asking", "open_place", "read_log", "stack_to_deploy")

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


def open_place(choices: Choices, region: str | None) -> Aws:
    """Return a session with AWS, where the options say, or else the settings.

    Raises:
        ConfigError: boto3 is not installed, there is no such profile, or no region.
    """
    return open_session(choices.text("region") or region, choices.text("profile"))


def read_log(
    aws: Aws,
    group: str,
    choices: Choices,
    lines: int,
    source: Callable[[str], str],
    *,
    follow: bool,
) -> Iterable[LogLine]:
    """Return the last lines of a log group, or those and all that come after.

    Args:
        aws: The session.
        group: The log group.
        choices: The options: `--since`.
        lines: How many lines at most.
        source: Returns what a reader calls a log stream.
        follow: Whether to go on.

    Raises:
        ConfigError: `--since` is not such a time.
        AwsError: AWS refused.
    """
    since = choices.text("since") or "1h"
    found = (new_events if follow else last_events)(aws, group, since, lines)
    return (LogLine(source(stream), text) for stream, text in found)


def stack_to_deploy(
    aws: Aws, name: str, project: Project, choices: Choices, dialogue: Dialogue, timeout: float
) -> Stack | None:
    """Return the stack that a deployment will change, None where there is none yet.

    Args:
        aws: The session.
        name: The stack's name.
        project: The project that the stack must belong to.
        choices: The options: `--dry-run`, which is asked nothing, and `--adopt`.
        dialogue: Asks the user, and is told of each step.
        timeout: Seconds to wait for a stack that is changing.

    Raises:
        ConfigError: The stack is another project's.
        AwsError: AWS refused.
        StackFailed: It cannot be changed.
    """
    return usable_stack(
        aws,
        name,
        project.fields.name,
        (lambda _: False) if choices.dry_run else dialogue.ask,
        dialogue.tell,
        adopt=choices.switch("adopt"),
        timeout=timeout,
    )


def delete_stack_after_asking(
    aws: Aws, name: str, project: Project, choices: Choices, dialogue: Dialogue, timeout: float
) -> tuple[Change, ...] | None:
    """Delete a stack if the user agrees; its logs stay unless told.

    Args:
        aws: The session.
        name: The stack's name.
        project: The project that the stack must belong to.
        choices: The options: `--dry-run` and `--with-logs`.
        dialogue: Asks the user, and is told of each step.
        timeout: Seconds to wait for the end.

    Returns:
        What went, or would go; empty without a stack, None if the user kept it.

    Raises:
        ConfigError: The stack is another project's.
        StackFailed: A resource could not be deleted.
    """
    stack = usable_stack(aws, name, project.fields.name, lambda _: False, dialogue.tell)
    if stack is None:
        return ()
    wanted = deletion(aws, stack, with_logs=choices.switch("with_logs"))
    found = tuple(Change("delete", kind, name) for kind, name in wanted.resources)
    if choices.dry_run:
        return found
    if not dialogue.ask(wanted.question):
        return None
    wanted.carry_out(aws, stack, dialogue.tell, timeout=timeout)
    return found
