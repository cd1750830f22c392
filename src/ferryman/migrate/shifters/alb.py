"""Shifts traffic between two target groups of one rule of an Application Load Balancer.

One group may hold a Lambda function, the other one addresses. The load balancer has no
compare-and-swap: the rule is read, compared, written and read again, and only its two weights are
changed.

Source: Elastic Load Balancing API, ModifyRule and TargetGroupTuple (weights from 0 to 999).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ferryman.aws.refusals import explained
from ferryman.aws.session import seconds_left
from ferryman.core.errors import ConfigError
from ferryman.migrate.shifters import Live, write_checked

__all__ = ("BalancerShifter",)

_UNCHECKED = "Target.HealthCheckDisabled"


@dataclass(frozen=True, slots=True)
class BalancerShifter:
    """Two target groups of a rule.

    Attributes:
        client: boto3's client of elbv2.
        rule: The rule's ARN.
        old: The ARN of the old side's target group.
        new: The ARN of the new side's target group.
        settle: Seconds after a change until all nodes of the load balancer have it.
        pause: Waits.
    """

    client: Any
    rule: str
    old: str
    new: str
    settle: float = 5.0
    pause: Callable[[float], None] = time.sleep

    def read(self) -> Live:
        """Return the live state."""
        weights = {each["TargetGroupArn"]: int(each["Weight"]) for each in self._groups()}
        if self.old not in weights:
            raise ConfigError(
                f"the rule {self.rule} does not forward to {self.old}",
                cause=f"it forwards to {', '.join(weights)}",
                hint="is it the right rule, and are old and new the right way round?",
            )
        others = weights.keys() - {self.old, self.new}
        if others:
            raise ConfigError(
                f"the rule {self.rule} forwards to a third target group, {min(others)}",
                hint="a migration has two sides: remove the third target group",
            )
        total = sum(weights.values())
        joined = self.new in weights
        return Live(
            weight=(100 * weights[self.new] / total if total else 0.0) if joined else None,
            old_healthy=self._healthy(self.old),
            new_healthy=self._healthy(self.new),
            credentials=seconds_left(self.client._request_signer._credentials),
        )

    def join(self) -> None:
        """Put the new side's group into the rule with a weight of 0.

        The load balancer checks a group's health only once a rule forwards to it.
        """
        if self.read().weight is None:
            self._set(0)

    def write(self, start: float, end: float) -> None:
        """Change the new side's percentage."""
        write_checked(self.read, lambda: self._set(end), start, end, pause=self.pause)
        self.pause(self.settle)

    def _set(self, percent: float) -> None:
        actions = self._actions()
        parts = {self.old: round(100 - percent), self.new: round(percent)}
        kept = self._forward(actions)["ForwardConfig"]
        groups = [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in parts.items()]
        forward = {
            "Type": "forward",
            "Order": self._forward(actions).get("Order", len(actions)),
            "ForwardConfig": {**kept, "TargetGroups": groups},
        }
        others = [action for action in actions if action["Type"] != "forward"]
        with explained("elbv2", "modify_rule"):
            self.client.modify_rule(RuleArn=self.rule, Actions=[*others, forward])

    def _groups(self) -> list[dict[str, Any]]:
        forward = self._forward(self._actions())
        groups: list[dict[str, Any]] = forward["ForwardConfig"]["TargetGroups"]
        return [{"Weight": 1, **group} for group in groups]

    def _actions(self) -> list[dict[str, Any]]:
        with explained("elbv2", "describe_rules"):
            (found,) = self.client.describe_rules(RuleArns=[self.rule])["Rules"]
        actions: list[dict[str, Any]] = found["Actions"]
        return actions

    def _forward(self, actions: list[dict[str, Any]]) -> dict[str, Any]:
        forward = next((action for action in actions if action["Type"] == "forward"), None)
        if forward is None:
            raise ConfigError(f"the rule {self.rule} forwards to no target group")
        if "ForwardConfig" in forward:
            return forward
        single = {"TargetGroupArn": forward["TargetGroupArn"], "Weight": 1}
        return {**forward, "ForwardConfig": {"TargetGroups": [single]}}

    def _healthy(self, group: str) -> bool:
        """Return whether a group can take traffic; a function's health may be unchecked."""
        with explained("elbv2", "describe_target_health"):
            found = self.client.describe_target_health(TargetGroupArn=group)
        health = [each["TargetHealth"] for each in found["TargetHealthDescriptions"]]
        return any(
            each["State"] == "healthy" or each.get("Reason") == _UNCHECKED for each in health
        )
