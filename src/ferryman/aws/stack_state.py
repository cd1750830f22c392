"""Checks a stack before it is changed: refuses it, repairs it, or accepts it."""

from __future__ import annotations

from collections.abc import Callable

from ferryman.aws.session import Aws
from ferryman.aws.stack import Stack, StackFailed, find_stack, follow, last_event
from ferryman.core.errors import ConfigError, FerrymanError

__all__ = ("PROJECT_TAG", "delete_stack", "usable_stack")

PROJECT_TAG = "ferryman:project"
"""The tag of a stack that names the project it is for."""

_NEVER_WORKED = frozenset(
    {"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED"}
)


def usable_stack(
    aws: Aws,
    name: str,
    project: str,
    ask: Callable[[str], bool],
    tell: Callable[[str], None],
    *,
    adopt: bool = False,
    timeout: float = 1800,
) -> Stack | None:
    """Return a stack that can be changed, repairing it if possible, or None if there is none.

    Args:
        aws: The session.
        name: The stack's name.
        project: The project it must be for.
        ask: Asks the user before a repair.
        tell: Called with each event of the stack.
        adopt: Whether a stack without the project's tag may be taken over.
        timeout: Seconds that a repair may take.

    Raises:
        ConfigError: The stack belongs to another project.
        StackFailed: The stack's state does not allow changes.
    """
    stack = find_stack(aws, name)
    if stack is None or stack.status == "DELETE_COMPLETE":
        return None
    owner = stack.tags.get(PROJECT_TAG)
    if stack.exists and owner != project and not adopt:
        raise ConfigError(
            f"the stack {name} in {aws.region} is not this project's",
            cause=f"it is of the project {owner}" if owner else "ferryman did not make it",
            hint="name another by --stack, or take it over with --adopt",
        )
    if stack.status in _NEVER_WORKED:
        question = f"the stack {name} is {stack.status}: it never worked. Delete it first?"
        if not ask(question):
            raise StackFailed(
                f"the stack {name} is {stack.status} and cannot be updated",
                cause=stack.reason or "its creation failed",
                hint="pass --yes to have it deleted, which it must be before it is made again",
            )
        delete_stack(aws, stack, tell, timeout=timeout)
        return None
    if stack.status == "UPDATE_ROLLBACK_FAILED":
        return _continued(aws, stack, ask, tell, timeout)
    return stack


def delete_stack(aws: Aws, stack: Stack, tell: Callable[[str], None], *, timeout: float) -> None:
    """Delete a stack, and report each resource until the stack is gone.

    Raises:
        StackFailed: A resource could not be deleted.
    """
    before = last_event(aws, stack.id)
    aws.call("cloudformation", "delete_stack", StackName=stack.id)
    follow(aws, stack.id, before, tell, timeout=timeout, deleting=True)


def _continued(
    aws: Aws,
    stack: Stack,
    ask: Callable[[str], bool],
    tell: Callable[[str], None],
    timeout: float,
) -> Stack:
    if not ask(f"the stack {stack.name} is UPDATE_ROLLBACK_FAILED. Continue its rollback?"):
        raise StackFailed(
            f"the stack {stack.name} is UPDATE_ROLLBACK_FAILED",
            cause=stack.reason or None,
            hint="fix the cause of the failed rollback, then pass --yes to continue it",
        )
    before = last_event(aws, stack.id)
    aws.call("cloudformation", "continue_update_rollback", StackName=stack.id)
    try:
        return follow(aws, stack.id, before, tell, timeout=timeout)
    except FerrymanError:
        found = find_stack(aws, stack.id)
        if found is None or found.status != "UPDATE_ROLLBACK_COMPLETE":
            raise
        return found
