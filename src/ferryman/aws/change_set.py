"""Change sets: CloudFormation computes an update of a stack, and then makes it.

The name of a change set is a digest of its inputs, so that a run after an interruption finds it
again. CloudFormation itself deletes a stack whose creation fails.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ferryman.aws.refusals import AwsError
from ferryman.aws.session import Aws
from ferryman.aws.stack import Stack, StackFailed, find_stack, follow, last_event
from ferryman.core.errors import ConfigError

__all__ = (
    "ChangeSet",
    "Desired",
    "ResourceChange",
    "delete_change_set",
    "drifted",
    "execute",
    "live_template",
    "prepare",
)

Template = Mapping[str, Any]

_PAUSE = 0.5
_PATIENCE = 300.0
# "CloudFormation quotas": the size of a template in a request.
_TEMPLATE_LIMIT = 51_200
_NOTHING = ("didn't contain changes", "No updates are to be performed")


@dataclass(frozen=True, slots=True)
class Desired:
    """The desired state of a stack.

    Attributes:
        name: Its name.
        template: Its template.
        parameters: The values of its parameters; None keeps the present value.
        tags: Its tags, also for its resources.
    """

    name: str
    template: Template
    parameters: Mapping[str, str | None]
    tags: Mapping[str, str]

    @property
    def body(self) -> str:
        """The template's text.

        Raises:
            ConfigError: The template is larger than CloudFormation accepts.
        """
        text = json.dumps(self.template, separators=(",", ":"))
        if len(text) > _TEMPLATE_LIMIT:
            raise ConfigError(
                f"the template of {self.name} is {len(text)} bytes; CloudFormation takes "
                f"{_TEMPLATE_LIMIT} in a request",
                hint="register fewer triggers or shorten the statements of the role",
            )
        return text

    @property
    def change_set_name(self) -> str:
        """The name of the change set for this state."""
        made_from = json.dumps([self.template, dict(self.parameters), dict(self.tags)])
        return f"ferryman-{hashlib.sha256(made_from.encode()).hexdigest()[:20]}"


@dataclass(frozen=True, slots=True)
class ResourceChange:
    """The change of a resource.

    Attributes:
        action: `create`, `change`, `replace` or `delete`.
        kind: Its type.
        name: Its logical id.
        diff: Its part of the template, line by line; parameters are named, never their values.
    """

    action: str
    kind: str
    name: str
    diff: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """A change set that can be executed.

    Attributes:
        name: Its name.
        id: Its ARN.
        stack: The stack's ARN.
        creates: Whether it creates the stack.
        changes: The change of each resource.
    """

    name: str
    id: str
    stack: str
    creates: bool
    changes: tuple[ResourceChange, ...]


def prepare(aws: Aws, desired: Desired, stack: Stack | None, live: Template) -> ChangeSet | None:
    """Let CloudFormation compute the changes; return None if there are none.

    Args:
        aws: The session.
        desired: The desired state.
        stack: The present stack, or None.
        live: The stack's present template.

    Raises:
        StackFailed: CloudFormation refuses the template.
        AwsError: AWS refused.
    """
    creates = stack is None or not stack.exists
    named = {"StackName": desired.name, "ChangeSetName": desired.change_set_name}
    request = _request(desired, named, creates)
    try:
        aws.call("cloudformation", "create_change_set", **request)
    except AwsError as error:
        if error.code != "AlreadyExistsException":
            raise
        # From an interrupted run, or already executed: it may be out of date.
        aws.call("cloudformation", "delete_change_set", **named)
        aws.call("cloudformation", "create_change_set", **request)
    told = _await(aws, named)
    if told["Status"] == "FAILED":
        delete_change_set(aws, desired.name, desired.change_set_name, creates=creates)
        reason = told.get("StatusReason", "")
        if any(text in reason for text in _NOTHING):
            return None
        raise StackFailed(f"CloudFormation refuses the change of {desired.name}", cause=reason)
    found = (_change(one["ResourceChange"], live, desired.template) for one in told["Changes"])
    changes = tuple(found)
    return ChangeSet(
        desired.change_set_name, told["ChangeSetId"], told["StackId"], creates, changes
    )


def execute(
    aws: Aws,
    change_set: ChangeSet,
    tell: Callable[[str], None],
    *,
    wait: bool,
    timeout: float,
) -> Stack | None:
    """Execute a change set, and report each event until the stack is as desired.

    Returns:
        The stack; None without waiting.

    Raises:
        StackFailed: A resource failed, with its own reason.
        AwsError: AWS refused.
    """
    before = last_event(aws, change_set.stack)
    aws.call(
        "cloudformation",
        "execute_change_set",
        ChangeSetName=change_set.id,
        ClientRequestToken=change_set.name,
    )
    if not wait:
        return None
    return follow(aws, change_set.stack, before, tell, timeout=timeout)


def delete_change_set(aws: Aws, stack: str, name: str, *, creates: bool) -> None:
    """Delete a change set, and the empty stack that was created for it.

    Raises:
        AwsError: AWS refused.
    """
    aws.call("cloudformation", "delete_change_set", StackName=stack, ChangeSetName=name)
    if creates:
        found = find_stack(aws, stack)
        if found is not None and found.status == "REVIEW_IN_PROGRESS":
            aws.call("cloudformation", "delete_stack", StackName=stack)


def live_template(aws: Aws, stack: str) -> Template:
    """Return a stack's present template.

    Raises:
        AwsError: AWS refused.
    """
    answer = aws.call("cloudformation", "get_template", StackName=stack, TemplateStage="Original")
    body = answer["TemplateBody"]
    try:
        found = json.loads(body) if isinstance(body, str) else body
    except ValueError:
        return {}  # YAML, not written by ferryman: shown as if it were empty
    return found if isinstance(found, Mapping) else {}


def drifted(aws: Aws, stack: str, names: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """Return the resources that were changed outside the stack, each with its differences.

    Args:
        aws: The session.
        stack: The stack's name.
        names: The logical ids to check.

    Raises:
        AwsError: AWS refused.
    """
    begun = aws.call(
        "cloudformation", "detect_stack_drift", StackName=stack, LogicalResourceIds=list(names)
    )
    known = {"StackDriftDetectionId": begun["StackDriftDetectionId"]}
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        told = aws.call("cloudformation", "describe_stack_drift_detection_status", **known)
        if told["DetectionStatus"] != "DETECTION_IN_PROGRESS":
            break
        time.sleep(_PAUSE)
    answer = aws.call(
        "cloudformation",
        "describe_stack_resource_drifts",
        StackName=stack,
        StackResourceDriftStatusFilters=["MODIFIED", "DELETED"],
    )
    found = {one["LogicalResourceId"]: one for one in answer["StackResourceDrifts"]}
    return {name: _differences(found[name]) for name in names if name in found}


def _request(desired: Desired, named: Mapping[str, str], creates: bool) -> Mapping[str, Any]:
    request: dict[str, Any] = {
        **named,
        "ChangeSetType": "CREATE" if creates else "UPDATE",
        "TemplateBody": desired.body,
        "Capabilities": ["CAPABILITY_IAM"],
        "Parameters": [_parameter(*one) for one in desired.parameters.items()],
        "Tags": [{"Key": key, "Value": value} for key, value in desired.tags.items()],
    }
    return request | ({"OnStackFailure": "DELETE"} if creates else {})


def _parameter(name: str, value: str | None) -> Mapping[str, Any]:
    kept = {"UsePreviousValue": True} if value is None else {"ParameterValue": value}
    return {"ParameterKey": name, **kept}


def _await(aws: Aws, named: Mapping[str, str]) -> Mapping[str, Any]:
    deadline = time.monotonic() + _PATIENCE
    while True:
        told = aws.call("cloudformation", "describe_change_set", **named)
        if told["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            break
        if time.monotonic() > deadline:
            raise StackFailed("CloudFormation does not finish the change set")
        time.sleep(_PAUSE)
    changes = list(told.get("Changes", ()))
    while token := told.get("NextToken"):
        told = aws.call("cloudformation", "describe_change_set", **named, NextToken=token)
        changes += told.get("Changes", ())
    return {**told, "Changes": changes}


def _change(told: Mapping[str, Any], old: Template, new: Template) -> ResourceChange:
    name, kind = told["LogicalResourceId"], told["ResourceType"]
    action = {"Add": "create", "Remove": "delete"}.get(told["Action"], "change")
    if action == "change" and told.get("Replacement") == "True":
        action = "replace"
    # Only name a resource that is created or deleted: the templates show its content.
    whole = action in ("create", "delete")
    lines = () if whole else _diff(_resource(old, name), _resource(new, name))
    if not lines and not whole:
        lines = _causes(told)
    return ResourceChange(action, kind, name, lines)


def _resource(template: Template, name: str) -> list[str]:
    found = template.get("Resources", {}).get(name)
    return [] if found is None else json.dumps(found, indent=2, sort_keys=True).splitlines()


def _diff(old: list[str], new: list[str]) -> tuple[str, ...]:
    return tuple(difflib.unified_diff(old, new, "live", "new", n=2, lineterm=""))


def _causes(told: Mapping[str, Any]) -> tuple[str, ...]:
    """Name the causes of a change that the template does not show: parameters, resources."""
    found: dict[str, None] = {}
    for detail in told.get("Details", ()):
        target, cause = detail.get("Target", {}), detail.get("CausingEntity")
        what = target.get("Name") or target.get("Attribute", "")
        found[f"~ {what}, by {cause}" if cause else f"~ {what}"] = None
    return tuple(found)


def _differences(told: Mapping[str, Any]) -> tuple[str, ...]:
    if told["StackResourceDriftStatus"] == "DELETED":
        return ("it was deleted",)
    return tuple(
        f"{one['PropertyPath']} was changed" for one in told.get("PropertyDifferences", ())
    )
