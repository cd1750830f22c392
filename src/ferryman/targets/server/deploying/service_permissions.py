"""The least permissions that each verb on a service needs.

The first statements are for ferryman's own calls; tests compare them with recorded calls, action by
action. The rest is for CloudFormation's calls in the caller's name. Source: "Actions, resources,
and condition keys" of each service in the service authorization reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ferryman.aws.permission_statements import (
    SEND_IMAGE,
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
from ferryman.targets.server.deploying.service_spec import service_spec, stack_name
from ferryman.targets.server.deploying.service_template import service_template
from ferryman.targets.server.options import ServerOptions

__all__ = ("SERVICE_CALLS", "service_policy", "service_statements")

_NETWORK = ("ec2:DescribeSubnets", "ec2:DescribeVpcs")
_REVISIONS = ("ecs:DescribeServices", "ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions")
_REASONS = ("ecs:DescribeTasks", "ecs:ListTasks")

SERVICE_CALLS: Mapping[str, tuple[str, ...]] = {
    "deploy": (
        *STACK_DEPLOY,
        *_NETWORK,
        *_REVISIONS,
        *_REASONS,
        "ecs:DescribeClusters",
    ),
    "send an image": SEND_IMAGE,
    "diff": (*STACK_PLAN, *_NETWORK, "ecr:DescribeRepositories", "ecs:DescribeClusters"),
    "status": (*STACK_READ, *_REVISIONS, *_REASONS),
    "rollback": (
        *STACK_READ,
        *_REVISIONS,
        *_REASONS,
        "cloudformation:CreateChangeSet",
        "cloudformation:DeleteChangeSet",
        "cloudformation:DescribeChangeSet",
        "cloudformation:DescribeStackEvents",
        "cloudformation:ExecuteChangeSet",
        "cloudformation:GetTemplate",
    ),
    "logs": (*STACK_READ, "logs:FilterLogEvents"),
    "delete": (
        *STACK_DELETE,
        "ecs:DeregisterTaskDefinition",
        "ecs:ListTaskDefinitions",
        "logs:DeleteLogGroup",
    ),
}
"""The IAM actions of each verb's own calls; a deploy also pushes an image."""

_LINKED = {  # services that make a role of their own in an account, the first time
    "ecs.amazonaws.com": "AWS::ECS::",
    "elasticloadbalancing.amazonaws.com": "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "ecs.application-autoscaling.amazonaws.com": "AWS::ApplicationAutoScaling::",
}


def service_policy(project: Project, choices: Choices, verbs: tuple[str, ...]) -> Statement:
    """Return the policy for some verbs on a project's service.

    Args:
        project: The project.
        choices: The options.
        verbs: Verbs of the command line.

    Raises:
        ConfigError: Settings contradict each other.
    """
    options = project.section("server", ServerOptions).deploy
    place = StackPlace(
        stack=stack_name(project, choices.text("stack")),
        repository=options.repository or project.fields.name,
        region=choices.text("region") or options.region or "*",
    )
    named = [*verbs, *(("send an image",) if "deploy" in verbs else ())]
    kinds: list[str] = []
    if {"deploy", "delete", "rollback"} & set(verbs):
        resources = service_template(service_spec(project, "arm64"))["Resources"]
        kinds = sorted({one["Type"] for one in resources.values()})
    return service_statements(place, named, kinds)


def service_statements(
    place: StackPlace, verbs: Sequence[str], types: Sequence[str] = ()
) -> Statement:
    """Return the policy document for some verbs.

    Args:
        place: Where the service is deployed.
        verbs: Keys of `SERVICE_CALLS`.
        types: The resource types of the stack; without any, CloudFormation's permissions are left
            out.
    """

    def resources(action: str) -> tuple[str, ...]:
        return place.shared(action) or _resources(place, action)

    actions = (action for verb in verbs for action in SERVICE_CALLS[verb])
    statements = called(actions, resources)
    if types:
        statements += via_cloudformation(types, lambda kind: _stack_resources(place, kind))
        statements.append(passed_roles(place, "ecs-tasks.amazonaws.com"))
        linked = [
            service
            for service, beginning in _LINKED.items()
            if any(kind.startswith(beginning) for kind in types)
        ]
        condition = {"StringEquals": {"iam:AWSServiceName": linked}}
        roles = f"arn:{place.partition}:iam::{place.account}:role/aws-service-role/*"
        made = allow(["iam:CreateServiceLinkedRole"], [roles])
        statements.append({**made, "Condition": condition})
    return document(statements)


def _resources(place: StackPlace, action: str) -> tuple[str, ...]:
    known = {
        "ecs:DescribeClusters": (place.arn("ecs", f"cluster/{place.stack}"),),
        "ecs:DescribeServices": (place.arn("ecs", f"service/{place.stack}/{place.stack}"),),
        "ecs:DescribeTasks": (place.arn("ecs", f"task/{place.stack}/*"),),
    }
    return known.get(action, ("*",))  # AWS has no narrower resource for the rest


def _stack_resources(place: StackPlace, kind: str) -> tuple[str, ...]:
    known = {
        "AWS::IAM::Role": (place.roles,),
        "AWS::Logs::LogGroup": (
            place.arn("logs", f"log-group:{place.stack}-*"),
            place.arn("logs", "log-group::log-stream:*"),
        ),
        "AWS::ECS::Cluster": (place.arn("ecs", f"cluster/{place.stack}"),),
        "AWS::ECS::Service": (place.arn("ecs", f"service/{place.stack}/{place.stack}"),),
    }
    return known.get(kind, ("*",))
