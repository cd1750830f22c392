"""Steps of all deployments beside the update: resume, refuse drift, delete."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ferryman.aws.change_set import ChangeSet, Desired, delete_change_set, drifted
from ferryman.aws.session import Aws
from ferryman.aws.stack import Stack, StackFailed
from ferryman.aws.stack_state import delete_stack

__all__ = ("Deletion", "deletion", "goes_on", "refuse_drift")

_LOG_GROUP = "AWS::Logs::LogGroup"


@dataclass(frozen=True, slots=True)
class Deletion:
    """The resources that deleting a stack removes.

    Attributes:
        resources: The type and the logical id of each resource.
        log_group: The log group, or empty to keep it.
        question: The question to the user.
    """

    resources: tuple[tuple[str, str], ...]
    log_group: str
    question: str

    def carry_out(
        self, aws: Aws, stack: Stack, tell: Callable[[str], None], *, timeout: float
    ) -> None:
        """Delete the stack, and the log group with it.

        Raises:
            StackFailed: A resource could not be deleted.
        """
        delete_stack(aws, stack, tell, timeout=timeout)
        if self.log_group:
            aws.call("logs", "delete_log_group", logGroupName=self.log_group)


def deletion(aws: Aws, stack: Stack, *, with_logs: bool) -> Deletion:
    """Return the resources that deleting a stack would remove.

    Raises:
        AwsError: AWS refused.
    """
    told = aws.call("cloudformation", "describe_stack_resources", StackName=stack.id)
    found = tuple(
        (one["ResourceType"], one["LogicalResourceId"])
        for one in told["StackResources"]
        if with_logs or one["ResourceType"] != _LOG_GROUP
    )
    group = stack.outputs.get("LogGroup", "")
    kept = "its logs go, too" if with_logs else f"its logs stay in {group}"
    listed = ", ".join(name for _, name in found)
    question = f"delete the stack {stack.name} in {aws.region} ({listed}; {kept})?"
    return Deletion(found, group if with_logs else "", question)


def goes_on(stack: Stack | None, desired: Desired) -> bool:
    """Return whether an interrupted run is already making this change.

    Raises:
        StackFailed: Another operation is under way.
    """
    if stack is None or not stack.busy:
        return False
    if f"/{desired.change_set_name}/" in stack.change_set:
        return True
    raise StackFailed(
        f"the stack {stack.name} is {stack.status}",
        cause="another deploy is under way",
        hint="wait until it has ended, then run the same command again",
    )


def refuse_drift(
    aws: Aws, stack: str, change_set: ChangeSet, tell: Callable[[str], None], *, tolerated: bool
) -> None:
    """Refuse a change set whose resources were changed outside the stack.

    Args:
        aws: The session.
        stack: The stack's name.
        change_set: The change set, which is deleted if it is refused.
        tell: Called with each tolerated change.
        tolerated: Whether drift is only reported.

    Raises:
        StackFailed: A resource was changed outside the stack.
    """
    names = tuple(c.name for c in change_set.changes if c.action in ("change", "replace"))
    found = drifted(aws, stack, names) if names else {}
    if not found or tolerated:
        for name, what in found.items():
            tell(f"{name} was changed outside the stack: {'; '.join(what)}")
        return
    delete_change_set(aws, stack, change_set.name, creates=False)
    listed = "; ".join(f"{name}: {', '.join(what)}" for name, what in found.items())
    raise StackFailed(
        "resources of this change were changed outside the stack",
        cause=listed,
        hint="put it into the settings, or overwrite it with --overwrite",
    )
