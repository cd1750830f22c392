"""The ScaledObject: KEDA scales by what waits in queues, by a query, or by the clock."""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.manifests.interceptor_route import SCALER
from ferryman.targets.k8s.values import Scaling, Trigger, Values

__all__ = ("REASONS", "scaled_object")

REASONS: Mapping[str, str] = {
    "apiVersion": "The version that KEDA 2 has.",
    "kind": "Written where `keda` or `keda_http` is set, in place of the "
    "HorizontalPodAutoscaler: KEDA makes one of its own from it.",
    **metadata.REASONS,
    "spec.scaleTargetRef.name": "The Deployment, which then has no `replicas` of its own.",
    "spec.minReplicaCount": "`replicas`; with 0 no pod runs while no trigger is active.",
    "spec.maxReplicaCount": "`max_replicas`.",
    "spec.triggers[].type": "A scaler of KEDA's, as in `keda`. `cpu` comes of itself, for requests "
    "that no trigger counts; `external-push` is the HTTP add-on, for `keda_http`.",
    "spec.triggers[].name": "`name` of the trigger; not written without one.",
    "spec.triggers[].metricType": "In percent of the CPU that is set aside.",
    "spec.triggers[].metadata": "What the scaler needs; of `cpu`, `cpu_target`; of the HTTP "
    "add-on, its address and the InterceptorRoute.",
    "spec.triggers[].authenticationRef.name": "`authentication`: a TriggerAuthentication, which "
    "`objects` may hold.",
}


def scaled_object(values: Values, scaling: Scaling) -> Fields:
    """Return the ScaledObject: it scales by CPU, requests in flight and the user's triggers."""
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
    """Return the trigger of KEDA's HTTP add-on, where it counts requests."""
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
