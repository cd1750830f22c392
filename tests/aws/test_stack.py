"""A stack is followed to its end, and the resource that failed first is named."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import pytest

from ferryman.aws.session import Aws
from ferryman.aws.stack import StackFailed, follow

STACK = "AWS::CloudFormation::Stack"


class Told:
    """What AWS would answer: one status, and events with the newest first."""

    def __init__(self, status: str, events: list[tuple[str, str, str, str]]) -> None:
        self._status = status
        self._events = events

    def call(self, service: str, operation: str, **_: Any) -> dict[str, Any]:
        stack = {"StackName": "shop", "StackId": "arn", "StackStatus": self._status}
        return {"Stacks": [stack]}

    def pages(self, service: str, operation: str, key: str, **_: Any) -> Iterator[dict[str, Any]]:
        for number, (kind, name, status, reason) in reversed(list(enumerate(self._events))):
            yield {
                **{"EventId": str(number), "ResourceType": kind, "LogicalResourceId": name},
                **{"ResourceStatus": status, "ResourceStatusReason": reason},
            }


def follow_to_failure(status: str, events: list[tuple[str, str, str, str]]) -> StackFailed:
    with pytest.raises(StackFailed) as failed:
        follow(cast(Aws, Told(status, events)), "arn", "", lambda _: None, timeout=1)
    return failed.value


def test_the_first_resource_that_failed_is_named_with_its_reason() -> None:
    events = [
        (STACK, "shop", "CREATE_FAILED", "The following resources failed: [Role, Url]"),
        ("AWS::IAM::Role", "Role", "CREATE_FAILED", "the quota of roles is reached"),
        ("AWS::Lambda::Url", "Url", "CREATE_FAILED", "Resource creation cancelled"),
        ("AWS::SNS::Topic", "Topic", "CREATE_FAILED", "another reason"),
    ]
    error = follow_to_failure("DELETE_COMPLETE", events)
    assert error.message == (
        "Role (AWS::IAM::Role) could not be created; nothing of the stack is left"
    )
    assert error.cause == "the quota of roles is reached"


def test_an_update_that_was_rolled_back_is_a_failure() -> None:
    events = [("AWS::Lambda::Function", "Function", "UPDATE_FAILED", "memory")]
    error = follow_to_failure("UPDATE_ROLLBACK_COMPLETE", events)
    assert "could not be updated; the stack is UPDATE_ROLLBACK_COMPLETE" in error.message
