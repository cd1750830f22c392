"""The least permissions that each verb on a function needs.

The first statements are for ferryman's own calls; tests compare them with recorded calls, action by
action. The rest is for CloudFormation's calls in the caller's name. Source: "Actions, resources,
and condition keys" of each service in the service authorization reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ferryman.aws.permission_statements import (
    RUN_IMAGE,
    SEND_IMAGE,
    SEND_ZIP,
    STACK_DELETE,
    STACK_DEPLOY,
    STACK_PLAN,
    STACK_READ,
    StackPlace,
    Statement,
    called,
    passed_roles,
    via_cloudformation,
)
from ferryman.aws.template_parts import allow, document
from ferryman.project.project import Project
from ferryman.targets.deployment import Choices
from ferryman.targets.lambda_.deploying.specification import function_spec
from ferryman.targets.lambda_.deploying.template import stack_template
from ferryman.targets.lambda_.options import LambdaOptions

__all__ = ("CALLS", "function_policy", "policy")

_ALIAS_READ = ("lambda:GetAlias", "lambda:ListVersionsByFunction")
_FUNCTION_READ = ("lambda:GetAlias", "lambda:GetFunctionConfiguration")

CALLS: Mapping[str, tuple[str, ...]] = {
    "deploy": (*STACK_DEPLOY, *_FUNCTION_READ, "lambda:UpdateAlias"),
    "send a zip": SEND_ZIP,
    "send an image": SEND_IMAGE,
    "name an image": ("ecr:DescribeRepositories",),
    "deploy --direct": (
        *_FUNCTION_READ,
        "lambda:PublishVersion",
        "lambda:UpdateAlias",
        "lambda:UpdateFunctionCode",
    ),
    "deploy --canary": ("cloudwatch:GetMetricData", "lambda:UpdateAlias", "logs:FilterLogEvents"),
    "diff": (*STACK_PLAN, *_FUNCTION_READ),
    "status": (*STACK_READ, *_ALIAS_READ),
    "rollback": (*_ALIAS_READ, "lambda:UpdateAlias"),
    "logs": ("lambda:GetFunctionConfiguration", "logs:FilterLogEvents"),
    "delete": (*STACK_DELETE, "logs:DeleteLogGroup"),
}
"""The IAM actions of each verb's own calls; a deploy also uploads a zip or an image."""


def function_policy(project: Project, choices: Choices, verbs: tuple[str, ...]) -> Statement:
    """Return the policy for some verbs on a project's function.

    Args:
        project: The project.
        choices: The options: `--direct` and `--canary` make it narrower or wider.
        verbs: Verbs of the command line.

    Raises:
        ConfigError: Settings contradict each other.
    """
    options = project.section("lambda", LambdaOptions).deploy
    place = StackPlace(
        stack=choices.text("stack") or options.stack or project.fields.name,
        bucket=choices.text("bucket") or options.bucket or "ferryman-*",
        repository=project.fields.name,
        region=choices.text("region") or options.region or "*",
    )
    direct = choices.switch("direct")
    named = ["deploy --direct" if verb == "deploy" and direct else verb for verb in verbs]
    image = project.section("lambda", LambdaOptions).image.build
    if "deploy" in verbs and (image or not direct):
        named.append("send an image" if image else "send a zip")
    elif "diff" in verbs and image:
        named.append("name an image")
    if "deploy" in verbs and choices.text("canary"):
        named.append("deploy --canary")
    kinds: list[str] = []
    if "delete" in verbs or ("deploy" in verbs and not direct):
        resources = stack_template(function_spec(project, "0" * 64))["Resources"]
        kinds = sorted({made["Type"] for made in resources.values()})
    return policy(place, named, kinds)


def policy(place: StackPlace, verbs: Sequence[str], types: Sequence[str] = ()) -> Statement:
    """Return the policy document for some verbs.

    Args:
        place: Where the function is deployed.
        verbs: Keys of `CALLS`.
        types: The resource types of the stack; without any, CloudFormation's permissions are left
            out.
    """

    def resources(action: str) -> tuple[str, ...]:
        return place.shared(action) or _function(place)

    statements = called((action for verb in verbs for action in CALLS[verb]), resources)
    if "send an image" in verbs:
        statements.append(allow(RUN_IMAGE, [place.images]))
    if types:
        statements += via_cloudformation(types, lambda kind: _stack_resources(place, kind))
        statements.append(passed_roles(place, "lambda.amazonaws.com"))
    return document(statements)


def _function(place: StackPlace) -> tuple[str, ...]:
    function = place.arn("lambda", f"function:{place.stack}")
    return (function, f"{function}:*")


def _stack_resources(place: StackPlace, kind: str) -> tuple[str, ...]:
    known = {
        "AWS::IAM::Role": (place.roles,),
        "AWS::Logs::LogGroup": (
            place.arn("logs", f"log-group:{place.stack}-*"),
            place.arn("logs", "log-group::log-stream:*"),
        ),
        "AWS::Events::Rule": (place.arn("events", f"rule/{place.stack}-*"),),
    }
    if kind == "AWS::Lambda::EventSourceMapping":
        return (place.arn("lambda", "event-source-mapping:*"), _function(place)[0])
    if kind.startswith("AWS::Lambda::"):
        return _function(place)
    return known.get(kind, ("*",))
