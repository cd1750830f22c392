"""The Knative Service: pods that come with the first request and go with the last.

Knative takes a part of a pod's fields only (its runtime contract): no preStop hook, no grace
period, no spreading, and a pod's security at its container.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from ferryman.core import serving
from ferryman.targets.k8s.manifests import container, metadata, pod
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.values import Values

__all__ = ("REASONS", "knative_service")

_AUTOSCALING = "autoscaling.knative.dev"

REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    "kind": "Written where `flavour` is knative, in place of Deployment, Service and all that "
    "goes with them: Knative makes those itself.",
    **metadata.REASONS,
    "spec.template.metadata.labels": metadata.LABELS_REASON,
    "spec.template.metadata.annotations": "`replicas` and `max_replicas`; 0 pods run where no "
    "request comes.",
    "spec.template.spec.automountServiceAccountToken": "The app gets no key to the cluster.",
    "spec.template.spec.enableServiceLinks": "No variables for other Services.",
    "spec.template.spec.imagePullSecrets[].name": "`pull_secrets`; not written without any.",
    "spec.template.spec.serviceAccountName": "The app's own account.",
    "spec.template.spec.timeoutSeconds": "A request may take `graceful_timeout` of "
    "`[tool.ferryman.server]`, as when a server stops.",
    "spec.template.spec.volumes": "The directory for temporary files.",
    **{
        f"spec.template.spec.containers[].{field}": why
        for field, why in container.REASONS.items()
        if not field.startswith(("lifecycle", "startupProbe", "livenessProbe", "readinessProbe"))
    },
    "spec.template.spec.containers[].ports[].name": "`http1` is how Knative calls plain HTTP.",
    "spec.template.spec.containers[].readinessProbe": "Knative's proxy asks before it sends "
    "the first request.",
    "spec.template.spec.containers[].securityContext.runAsNonRoot": "Pod Security Standard "
    "`restricted`.",
    "spec.template.spec.containers[].securityContext.runAsUser": "A number, as for a Deployment.",
    "spec.template.spec.containers[].securityContext.runAsGroup": "Otherwise the group may be "
    "root's.",
    "spec.template.spec.containers[].securityContext.seccompProfile.type": "Pod Security "
    "Standard `restricted`.",
}


def knative_service(values: Values) -> Fields:
    """Return Knative's Service, which takes the place of Deployment, Service and autoscaler."""
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
    made["securityContext"] |= fields(
        run_as_non_root=True,
        run_as_user=serving.USER_ID,
        run_as_group=serving.USER_ID,
        seccomp_profile=fields(type="RuntimeDefault"),
    )
    return made
