"""The Knative Service, which starts pods at the first request and stops them after the last.

Knative accepts only some fields of a pod (its runtime contract): no preStop hook, grace period or
spread constraints, and a security context only on the container.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from ferryman.targets.k8s.manifests import container, metadata, pod
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.values import Values

__all__ = ("REASONS", "knative_service")

_AUTOSCALING = "autoscaling.knative.dev"
_AS_IN_A_POD = (
    "automountServiceAccountToken",
    "enableServiceLinks",
    "imagePullSecrets[].name",
    "serviceAccountName",
)

REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    "kind": "Present if `flavour` is knative, instead of the Deployment, Service, autoscaler and "
    "route, which Knative creates itself.",
    **metadata.REASONS,
    "spec.template.metadata.labels": metadata.LABELS_REASON,
    "spec.template.metadata.annotations": "`replicas` and `max_replicas`. With `replicas = 0` no "
    "pod runs while no requests arrive.",
    **{f"spec.template.spec.{field}": pod.REASONS[f"spec.{field}"] for field in _AS_IN_A_POD},
    "spec.template.spec.timeoutSeconds": "`graceful_timeout` of `[tool.ferryman.server]`: a "
    "request may take as long as it may when the server stops.",
    "spec.template.spec.volumes": "The directory for temporary files.",
    **{
        f"spec.template.spec.containers[].{field}": why
        for field, why in container.REASONS.items()
        if not field.startswith(("lifecycle", "startupProbe", "livenessProbe", "readinessProbe"))
    },
    "spec.template.spec.containers[].ports[].name": "Knative's name for HTTP/1.1.",
    "spec.template.spec.containers[].ports[].containerPort": "`bind` of `[tool.ferryman.server]`.",
    "spec.template.spec.containers[].readinessProbe": "Knative's proxy probes the pod before it "
    "sends the first request.",
    **{
        f"spec.template.spec.containers[].{field.removeprefix('spec.')}": why
        for field, why in pod.REASONS.items()
        if field.startswith("spec.securityContext.")
    },
}


def knative_service(values: Values) -> Fields:
    """Return the Knative Service, which replaces the Deployment, Service and autoscaler."""
    scale = {f"{_AUTOSCALING}/min-scale": str(values.replicas)}
    if values.scaling:
        scale[f"{_AUTOSCALING}/max-scale"] = str(values.scaling.maximum)
    references = pod.pull_secrets(values)
    temporary = {"name": container.TEMPORARY_VOLUME, "emptyDir": {}}
    return {
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": metadata.object_metadata(values),
        "spec": {
            "template": {
                "metadata": {"annotations": scale, "labels": metadata.labels(values)},
                "spec": {
                    "automountServiceAccountToken": False,
                    "enableServiceLinks": False,
                    **({"imagePullSecrets": references} if references else {}),
                    "serviceAccountName": values.name,
                    "timeoutSeconds": ceil(values.front.timing.graceful_timeout),
                    "containers": [_container(values)],
                    "volumes": [temporary],
                },
            }
        },
    }


def _container(values: Values) -> Fields:
    made = container.container(values)
    for field in ("lifecycle", "startupProbe", "livenessProbe"):
        del made[field]
    port = values.front.app.port
    made["ports"] = [fields(name="http1", container_port=port, protocol="TCP")]
    made["readinessProbe"] = fields(tcp_socket=fields(port=port))
    made["securityContext"] |= pod.security_context()
    return made
