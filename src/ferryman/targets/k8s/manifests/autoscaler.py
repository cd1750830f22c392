"""The HorizontalPodAutoscaler, which adjusts the number of pods to the load."""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.values import Scaling, Values

__all__ = ("REASONS", "autoscaler")

REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version. `autoscaling/v1` has no `behavior`.",
    "kind": "Present if `max_replicas` is set.",
    **metadata.REASONS,
    "spec.scaleTargetRef.apiVersion": "The Deployment's version.",
    "spec.scaleTargetRef.kind": "The Deployment.",
    "spec.scaleTargetRef.name": "The Deployment's name. Its manifest omits `replicas`.",
    "spec.minReplicas": "`replicas`.",
    "spec.maxReplicas": "`max_replicas`.",
    "spec.metrics[].type": "Every cluster with a metrics server provides this metric.",
    "spec.metrics[].resource.name": "CPU limits an aiohttp process before memory does, and memory "
    "does not fall with the load.",
    "spec.metrics[].resource.target.type": "A percentage of the requested CPU.",
    "spec.metrics[].resource.target.averageUtilization": "`cpu_target`. The remaining CPU serves "
    "the extra load while new pods start.",
    "spec.behavior.scaleUp.stabilizationWindowSeconds": "The autoscaler adds pods at once.",
    "spec.behavior.scaleUp.selectPolicy": "The policy that adds more pods applies.",
    "spec.behavior.scaleUp.policies": "Every 15 s the number of pods may double, or grow by "
    "four. These are Kubernetes' defaults, made explicit.",
    "spec.behavior.scaleDown.stabilizationWindowSeconds": "The autoscaler keeps the most pods that "
    "the load of the last five minutes needed, so a short pause in traffic stops none.",
    "spec.behavior.scaleDown.policies": "The autoscaler stops at most a quarter of the pods each "
    "minute. By default it may stop all surplus pods at once.",
}

_UP = (("Percent", 100), ("Pods", 4))


def autoscaler(values: Values, scaling: Scaling) -> Fields:
    """Return the autoscaler, which adds pods at once and stops at most a quarter a minute."""
    return fields(
        api_version="autoscaling/v2",
        kind="HorizontalPodAutoscaler",
        metadata=metadata.object_metadata(values),
        spec=fields(
            scale_target_ref=fields(api_version="apps/v1", kind="Deployment", name=values.name),
            min_replicas=values.replicas,
            max_replicas=scaling.maximum,
            metrics=[_cpu(scaling.cpu_percent)],
            behavior=_behaviour(),
        ),
    )


def _cpu(percent: int) -> Fields:
    return fields(
        type="Resource",
        resource=fields(
            name="cpu",
            target=fields(type="Utilization", average_utilization=percent),
        ),
    )


def _behaviour() -> Fields:
    return fields(
        scale_up=fields(
            stabilization_window_seconds=0,
            select_policy="Max",
            policies=[_policy(kind, value, 15) for kind, value in _UP],
        ),
        scale_down=fields(stabilization_window_seconds=300, policies=[_policy("Percent", 25, 60)]),
    )


def _policy(kind: str, value: int, seconds: int) -> Fields:
    return fields(type=kind, value=value, period_seconds=seconds)
