"""The HorizontalPodAutoscaler: the number of pods follows the load."""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.values import Scaling, Values

__all__ = ("REASONS", "autoscaler")

REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind; v1 has no behaviour.",
    "kind": "Written where `max_replicas` is set.",
    **metadata.REASONS,
    "spec.scaleTargetRef.apiVersion": "The Deployment, which then has no `replicas` of its own.",
    "spec.scaleTargetRef.kind": "The Deployment.",
    "spec.scaleTargetRef.name": "The Deployment's name.",
    "spec.minReplicas": "`replicas`.",
    "spec.maxReplicas": "`max_replicas`.",
    "spec.metrics[].type": "What every cluster with a metrics server knows of a pod.",
    "spec.metrics[].resource.name": "An aiohttp process is bound by its CPU before its memory, "
    "and memory does not fall when load does.",
    "spec.metrics[].resource.target.type": "In percent of the CPU that is set aside.",
    "spec.metrics[].resource.target.averageUtilization": "`cpu_target`. What is left takes the "
    "load while new pods start.",
    "spec.behavior.scaleUp.stabilizationWindowSeconds": "Load that is here now is served now.",
    "spec.behavior.scaleUp.selectPolicy": "Whichever policy adds more pods.",
    "spec.behavior.scaleUp.policies": "Twice as many every 15 s, or four more while there are "
    "few: what Kubernetes does of itself, written down.",
    "spec.behavior.scaleDown.stabilizationWindowSeconds": "The most pods that the last five "
    "minutes asked for: a pause in the traffic does not throw away warm pods.",
    "spec.behavior.scaleDown.policies": "A quarter a minute; Kubernetes would take all at once.",
}

_UP = (("Percent", 100), ("Pods", 4))


def autoscaler(values: Values, scaling: Scaling) -> Fields:
    """Return the autoscaler, which adds pods at once and takes a quarter of them a minute."""
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
