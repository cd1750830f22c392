"""A CloudFormation stack: its state, its events, and the reasons of failures."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ferryman.aws.refusals import AwsError
from ferryman.aws.session import Aws
from ferryman.core.errors import FerrymanError

__all__ = ("Event", "Stack", "StackFailed", "events_of", "find_stack", "follow", "last_event")

_PAUSE = 1.0
"""Seconds between two polls of a stack."""

# The stack's own event only lists failed resources: use it if none has a reason.
_STACK = "AWS::CloudFormation::Stack"
_CANCELLED = ("Resource creation cancelled", "Resource update cancelled", "Resource deletion")


class StackFailed(FerrymanError):
    """A stack did not reach its desired state."""


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack, as CloudFormation describes it.

    Attributes:
        name: Its name.
        id: Its ARN, which also finds a deleted stack.
        status: Its status, such as `UPDATE_COMPLETE`.
        reason: Why it is in that status, or empty.
        parameters: Its parameters; CloudFormation masks secret ones.
        outputs: Its outputs.
        tags: Its tags.
        change_set: The ARN of the last executed change set, or empty.
    """

    name: str
    id: str
    status: str
    reason: str
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    tags: Mapping[str, str]
    change_set: str

    @property
    def busy(self) -> bool:
        """Whether an operation is under way."""
        return self.status.endswith("_IN_PROGRESS") and self.status != "REVIEW_IN_PROGRESS"

    @property
    def exists(self) -> bool:
        """Whether it has resources."""
        return self.status not in ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE")


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a stack or of one of its resources.

    Attributes:
        id: The event's own id.
        kind: The resource's type, such as `AWS::Lambda::Function`.
        name: The resource's logical id.
        status: Its status, such as `CREATE_FAILED`.
        reason: The reason, or empty.
    """

    id: str
    kind: str
    name: str
    status: str
    reason: str


def find_stack(aws: Aws, name: str) -> Stack | None:
    """Return the stack of a name or an ARN, or None if there is none.

    Raises:
        AwsError: AWS refused.
    """
    try:
        answer = aws.call("cloudformation", "describe_stacks", StackName=name)
    except AwsError as error:
        if error.code == "ValidationError" and "does not exist" in (error.cause or ""):
            return None
        raise
    (told,) = answer["Stacks"]
    return Stack(
        told["StackName"],
        told["StackId"],
        told["StackStatus"],
        told.get("StackStatusReason", ""),
        _by_key(told.get("Parameters"), "ParameterKey", "ParameterValue"),
        _by_key(told.get("Outputs"), "OutputKey", "OutputValue"),
        _by_key(told.get("Tags"), "Key", "Value"),
        told.get("ChangeSetId") or "",
    )


def last_event(aws: Aws, stack: str) -> str:
    """Return the id of the newest event of a stack, or an empty text."""
    return next((event.id for event in events_of(aws, stack)), "")


def events_of(aws: Aws, stack: str) -> Iterator[Event]:
    """Yield the events of a stack, the newest first.

    Raises:
        AwsError: AWS refused.
    """
    found = aws.pages("cloudformation", "describe_stack_events", "StackEvents", StackName=stack)
    for told in found:
        yield Event(
            told["EventId"],
            told.get("ResourceType", ""),
            told["LogicalResourceId"],
            told.get("ResourceStatus", ""),
            told.get("ResourceStatusReason", ""),
        )


def follow(
    aws: Aws,
    stack: str,
    after: str,
    tell: Callable[[str], None],
    *,
    timeout: float,
    deleting: bool = False,
) -> Stack:
    """Report each event of a stack until its operation has ended.

    Args:
        aws: The session.
        stack: The stack's ARN.
        after: The event after which the operation began, or empty for all.
        tell: Called with each event.
        timeout: Seconds the operation may take.
        deleting: Whether the operation deletes the stack.

    Returns:
        The stack after the operation.

    Raises:
        StackFailed: A resource failed, with its own reason; or the time is over.
        AwsError: AWS refused.
    """
    deadline = time.monotonic() + timeout
    failure: Event | None = None
    while True:
        found = find_stack(aws, stack)
        for event in _news(aws, stack, after):
            after = event.id
            tell(f"{event.status.replace('_', ' ').lower()} {event.kind}/{event.name}")
            if _is_cause(event) and (failure is None or failure.kind == _STACK):
                failure = event
        if found is None or not found.busy:
            break
        if time.monotonic() > deadline:
            raise StackFailed(
                f"the stack {found.name} is still {found.status} after {timeout:.0f} s",
                hint="it goes on by itself; run the same command again to go on watching",
            )
        time.sleep(_PAUSE)
    if found is None or failure or "ROLLBACK" in found.status or "FAILED" in found.status:
        raise _failed(found.name if found else stack.rpartition(":stack/")[2], failure, found)
    if found.status == "DELETE_COMPLETE" and not deleting:
        raise _failed(found.name, failure, found)
    return found


def _news(aws: Aws, stack: str, after: str) -> list[Event]:
    fresh = []
    for event in events_of(aws, stack):
        if event.id == after:
            break
        fresh.append(event)
    return fresh[::-1]


def _is_cause(event: Event) -> bool:
    return event.status.endswith("_FAILED") and not event.reason.startswith(_CANCELLED)


def _failed(name: str, event: Event | None, stack: Stack | None) -> StackFailed:
    status = stack.status if stack else "gone"
    if event is None:
        return StackFailed(
            f"the stack {name} is {status}", cause=(stack.reason if stack else "") or None
        )
    verb = event.status.partition("_")[0].lower() + "d"
    gone = stack is None or stack.status == "DELETE_COMPLETE"
    left = "nothing of the stack is left" if gone else f"the stack is {status}"
    return StackFailed(
        f"{event.name} ({event.kind}) could not be {verb}; {left}", cause=event.reason or None
    )


def _by_key(items: list[dict[str, Any]] | None, key: str, value: str) -> Mapping[str, str]:
    return {item[key]: item.get(value) or item.get("ResolvedValue") or "" for item in items or ()}
