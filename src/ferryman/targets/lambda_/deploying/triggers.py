"""What sends events to a function: mappings for queues and streams, rules, subscriptions. Pure.

Source: "Invoking Lambda with events from other AWS services", in the AWS Lambda developer
guide. A bucket is told by its own owner whom to notify; the template gives the permission.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ferryman.aws.template_parts import Part, Resource, att, ref
from ferryman.targets.lambda_.deploying.options import TriggerOptions
from ferryman.targets.lambda_.deploying.parts import ALIAS, permission

__all__ = ("trigger_permissions", "triggers")

_READING = {
    "sqs": ("sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage"),
    "kinesis": ("kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords",
                "kinesis:GetShardIterator", "kinesis:ListShards"),
    "dynamodb": ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator",
                 "dynamodb:ListStreams"),
}  # fmt: skip


def triggers(asked: tuple[TriggerOptions, ...]) -> Part:
    """Return the resources of all triggers."""
    resources: dict[str, Resource] = {}
    for number, trigger in enumerate(asked, 1):
        name = f"Trigger{number}{trigger.kind.capitalize()}"
        if trigger.kind in _READING:
            resources[name] = _mapping(trigger)
        elif trigger.kind in ("schedule", "eventbridge"):
            resources |= _rule(name, trigger)
        else:
            resources |= _notified(name, trigger)
    return Part(resources)


def trigger_permissions(asked: tuple[TriggerOptions, ...]) -> Iterator[Mapping[str, Any]]:
    """Yield the statements by which the function's role may read its queues and streams."""
    for trigger in asked:
        if actions := _READING.get(trigger.kind):
            yield {"Effect": "Allow", "Action": list(actions), "Resource": trigger.source}


def _mapping(trigger: TriggerOptions) -> Resource:
    properties: dict[str, Any] = {
        "FunctionName": ref(ALIAS),
        "EventSourceArn": trigger.source,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
    }
    if trigger.kind != "sqs":
        properties["StartingPosition"] = "LATEST"
    if trigger.batch_size:
        properties["BatchSize"] = trigger.batch_size
    if trigger.kind == "sqs" and (trigger.batch_size or 0) > 10:
        properties["MaximumBatchingWindowInSeconds"] = 1  # AWS's condition for larger batches
    if trigger.maximum_concurrency:
        properties["ScalingConfig"] = {"MaximumConcurrency": trigger.maximum_concurrency}
    return {"Type": "AWS::Lambda::EventSourceMapping", "Properties": properties}


def _rule(name: str, trigger: TriggerOptions) -> Mapping[str, Resource]:
    when = (
        {"ScheduleExpression": trigger.schedule}
        if trigger.schedule
        else {"EventPattern": trigger.pattern}
    )
    rule = {**when, "Targets": [{"Id": "function", "Arn": ref(ALIAS)}]}
    return {
        name: {"Type": "AWS::Events::Rule", "Properties": rule},
        f"{name}Permission": permission("events.amazonaws.com", att(name, "Arn")),
    }


def _notified(name: str, trigger: TriggerOptions) -> Mapping[str, Resource]:
    allowed = {
        f"{name}Permission": permission(
            f"{trigger.kind}.amazonaws.com",
            trigger.source,
            # The name of a bucket does not say whose it is.
            **({"SourceAccount": ref("AWS::AccountId")} if trigger.kind == "s3" else {}),
        )
    }
    if trigger.kind == "s3":
        return allowed
    subscription = {"Protocol": "lambda", "TopicArn": trigger.source, "Endpoint": ref(ALIAS)}
    return {name: {"Type": "AWS::SNS::Subscription", "Properties": subscription}, **allowed}
