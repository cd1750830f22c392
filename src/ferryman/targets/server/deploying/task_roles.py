"""The roles of a task: one for starting it, and one for the app.

Sources: "Task execution IAM role" and "Task IAM role" in the Amazon ECS developer guide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ferryman.aws.template_parts import Resource, allow, att, document, made, ref, sub, trusted
from ferryman.targets.server.deploying.options import ServiceOptions

__all__ = ("execution_role", "task_role")

_PULL = (
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
)
_READ = {"secretsmanager": "secretsmanager:GetSecretValue", "ssm": "ssm:GetParameters"}
# An ARN of a secret may name a key and a version of it after its seven parts.
_SECRET_PARTS = 7


def execution_role(repository: str, secrets: Sequence[str]) -> Resource:
    """Return the role that fetches the image and the secrets, and writes the log."""
    place = "arn:${AWS::Partition}:ecr:${AWS::Region}:${AWS::AccountId}:repository/"
    statements = [
        allow(_PULL, sub(f"{place}{repository}")),
        allow(("ecr:GetAuthorizationToken",), "*"),  # AWS has no narrower resource for it
        allow(("logs:CreateLogStream", "logs:PutLogEvents"), att("LogGroup", "Arn")),
    ]
    for service, action in _READ.items():
        found = [_whole(arn) for arn in secrets if arn.split(":")[2] == service]
        if found:
            statements.append(allow((action,), sorted(set(found))))
    return _role("start", statements)


def task_role(options: ServiceOptions) -> Resource:
    """Return the role of the app, with only the permissions in the settings."""
    return _role("app", options.statements, options.policies)


def _role(
    name: str, statements: Sequence[Mapping[str, Any]], policies: Sequence[str] = ()
) -> Resource:
    own = {"StringEquals": {"aws:SourceAccount": ref("AWS::AccountId")}}
    properties: dict[str, Any] = {
        "AssumeRolePolicyDocument": trusted("ecs-tasks.amazonaws.com", own)
    }
    if statements:
        properties["Policies"] = [{"PolicyName": name, "PolicyDocument": document(statements)}]
    if policies:
        properties["ManagedPolicyArns"] = list(policies)
    return made("AWS::IAM::Role", properties)


def _whole(arn: str) -> str:
    return ":".join(arn.split(":")[:_SECRET_PARTS])
