"""The Deployment: how many pods run, and how a new release takes over."""

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
    "kind": "The pods are interchangeable and keep no state, so any may be replaced.",
    **metadata.REASONS,
    "spec.minReadySeconds": "A pod that ends within seconds of becoming ready does not count as "
    "available, and the old pods stay.",
    "spec.replicas": "`replicas`. With two, one can be lost. Not written where "
    "`max_replicas` is set: each apply would undo what the autoscaler did.",
    "spec.progressDeadlineSeconds": "A release of which no further pod became ready for so "
    "long has failed. A minute to start and the time to pull an image fit in many times.",
    "spec.revisionHistoryLimit": "Releases that `kubectl rollout undo` can go back to; "
    "Kubernetes would keep ten.",
    "spec.selector.matchLabels": "Name and instance alone: it can never be changed, so the "
    "version must not be in it.",
    "spec.strategy.rollingUpdate.maxSurge": "A quarter more pods while a release takes over.",
    "spec.strategy.rollingUpdate.maxUnavailable": "An old pod goes only when a new one is ready.",
    "spec.strategy.type": "Old and new pods serve side by side while a release takes over.",
    **{f"spec.template.{field}": why for field, why in pod.REASONS.items()},
}


def deployment(values: Values) -> Fields:
    """Return the Deployment; where an autoscaler counts the pods, it says no number."""
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
