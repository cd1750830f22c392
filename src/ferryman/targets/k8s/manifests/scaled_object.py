"""The ScaledObject, with which KEDA scales by queues, queries, schedules or requests."""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.manifests.interceptor_route import SCALER
from ferryman.targets.k8s.values import Scaling, Trigger, Values

__all__ = ("REASONS", "scaled_object")

REASONS: Mapping[str, str] = {
    "apiVersion": "The version of KEDA 2.",
    "kind": "Present if `keda` or `keda_http` is set, instead of the HorizontalPodAutoscaler, "
    "which KEDA creates itself.",
    **metadata.REASONS,
    "spec.scaleTargetRef.name": "The Deployment. Its manifest then omits `replicas`.",
    "spec.minReplicaCount": "`replicas`. With 0 no pod runs while no trigger is active.",
    "spec.maxReplicaCount": "`max_replicas`.",
    "spec.triggers[].type": "One of KEDA's scalers, from `keda`. ferryman always adds `cpu`, for "
    "load that no other trigger measures, and for `keda_http` the HTTP add-on's `external-push`.",
    "spec.triggers[].name": "`name` of the trigger. Omitted if unset.",
    "spec.triggers[].metricType": "A percentage of the requested CPU.",
    "spec.triggers[].metadata": "`metadata` of the trigger. For `cpu` it is `cpu_target`, for the "
    "HTTP add-on its address and the InterceptorRoute.",
    "spec.triggers[].authenticationRef.name": "`authentication` of the trigger: the name of a "
    "TriggerAuthentication, which may be one of your `objects`.",
}


def scaled_object(values: Values, scaling: Scaling) -> Fields:
    """Return the ScaledObject, which scales by CPU, in-flight requests and the user's triggers."""
    cpu = fields(
        type="cpu", metric_type="Utilization", metadata={"value": str(scaling.cpu_percent)}
    )
    return fields(
        api_version="keda.sh/v1alpha1",
        kind="ScaledObject",
        metadata=metadata.object_metadata(values),
        spec=fields(
            scale_target_ref=fields(name=values.name),
            min_replica_count=values.replicas,
            max_replica_count=scaling.maximum,
            triggers=[cpu, *_requests(values, scaling), *map(_trigger, scaling.triggers)],
        ),
    )


def _requests(values: Values, scaling: Scaling) -> list[Fields]:
    """Return the trigger of KEDA's HTTP add-on, if the project uses it."""
    if scaling.in_flight is None:
        return []
    route = {"interceptorRoute": values.name, "scalerAddress": SCALER}
    return [fields(type="external-push", metadata=route)]


def _trigger(trigger: Trigger) -> Fields:
    authentication = trigger.authentication
    return fields(
        type=trigger.type,
        name=trigger.name,
        metadata=dict(trigger.metadata),
        authentication_ref=fields(name=authentication) if authentication else None,
    )
