"""The number of tasks follows the load: by their CPU, and by the requests they carry. Pure.

Sources: "AWS::ApplicationAutoScaling" in the CloudFormation template reference, and
"ALBRequestCountPerTarget", which counts by the minute, in the guide of Application Auto
Scaling.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ferryman.aws.load_balancing import balancer_full_name
from ferryman.aws.template_parts import Part, Resource, att, made, ref, sub
from ferryman.targets.server.deploying.options import ServiceOptions
from ferryman.targets.server.deploying.task_size import TaskSize

__all__ = ("task_scaling",)

_CPU, _REQUESTS = "ECSServiceAverageCPUUtilization", "ALBRequestCountPerTarget"
_OUT_SECONDS, _IN_SECONDS = 60, 300
"""Load that is here now is served soon; a pause in the traffic throws no warm tasks away."""


def task_scaling(options: ServiceOptions, size: TaskSize) -> Part:
    """Return the resources that scale the tasks with the load, if the settings ask for it."""
    if options.max_tasks is None:
        return Part()
    target = {
        "ServiceNamespace": "ecs",
        "ScalableDimension": "ecs:service:DesiredCount",
        "ResourceId": sub("service/${Cluster}/${Service.Name}"),
        "MinCapacity": options.tasks,
        "MaxCapacity": options.max_tasks,
    }
    resources = {
        "ScalableTarget": made("AWS::ApplicationAutoScaling::ScalableTarget", target),
        "ScaleByCpu": _policy(
            "cpu", options.cpu_target, _metric("ECSServiceAverageCPUUtilization")
        ),
    }
    if size.rate is not None:
        resources["ScaleByRequests"] = _policy("requests", size.rate, _requests(options))
    return Part(resources)


def _requests(options: ServiceOptions) -> Mapping[str, Any]:
    group = att("TargetGroup", "TargetGroupFullName")
    label = {"Fn::Join": ["/", [balancer_full_name(options.alb), group]]}
    return _metric(_REQUESTS, ResourceLabel=label)


def _metric(kind: str, **more: Any) -> Mapping[str, Any]:
    return {"PredefinedMetricType": kind, **more}


def _policy(name: str, target: float, metric: Mapping[str, Any]) -> Resource:
    tracking = {
        "PredefinedMetricSpecification": metric,
        "TargetValue": target,
        "ScaleOutCooldown": _OUT_SECONDS,
        "ScaleInCooldown": _IN_SECONDS,
    }
    return made(
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        {
            "PolicyName": name,
            "PolicyType": "TargetTrackingScaling",
            "ScalingTargetId": ref("ScalableTarget"),
            "TargetTrackingScalingPolicyConfiguration": tracking,
        },
    )
