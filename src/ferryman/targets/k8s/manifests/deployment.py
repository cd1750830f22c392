"""The Deployment: the number of pods, and how a new release replaces the old one."""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.targets.k8s.manifests import metadata, pod
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.values import Values

__all__ = ("REASONS", "deployment")

_MIN_READY_SECONDS = 10
_PROGRESS_DEADLINE_SECONDS = 600

REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    "kind": "The pods are interchangeable and keep no state.",
    **metadata.REASONS,
    "spec.minReadySeconds": "Old pods stay until a new pod has been ready for this long, in case "
    "it crashes soon after its start.",
    "spec.replicas": "`replicas`. With two pods the app survives the loss of one. Omitted if "
    "`max_replicas` is set: each apply would undo the autoscaler's decision.",
    "spec.progressDeadlineSeconds": "A rollout has failed if no further pod becomes ready for this "
    "long, which is many times what pulling an image and starting takes.",
    "spec.revisionHistoryLimit": "The number of old releases that `kubectl rollout undo` can "
    "restore. The default is 10.",
    "spec.selector.matchLabels": "Name and instance only: the selector is immutable, so it must "
    "not contain the version.",
    "spec.strategy.rollingUpdate.maxSurge": "A rollout may add a quarter more pods.",
    "spec.strategy.rollingUpdate.maxUnavailable": "An old pod stops only when a new pod is ready.",
    "spec.strategy.type": "Old and new pods serve side by side during a rollout.",
    **{f"spec.template.{field}": why for field, why in pod.REASONS.items()},
}


def deployment(values: Values) -> Fields:
    """Return the Deployment. It has no number of pods if an autoscaler sets the number."""
    return fields(
        api_version="apps/v1",
        kind="Deployment",
        metadata=metadata.object_metadata(values),
        spec=fields(
            min_ready_seconds=_MIN_READY_SECONDS,
            progress_deadline_seconds=_PROGRESS_DEADLINE_SECONDS,
            replicas=None if values.scaling else values.replicas,
            revision_history_limit=3,
            selector=fields(match_labels=metadata.selector(values)),
            strategy=fields(
                type="RollingUpdate",
                rolling_update=fields(max_surge="25%", max_unavailable=0),
            ),
            template=pod.pod_template(values),
        ),
    )
