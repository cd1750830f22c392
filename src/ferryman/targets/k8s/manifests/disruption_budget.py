"""The PodDisruptionBudget: how many pods may be gone while nodes are maintained."""

from __future__ import annotations

from collections.abc import Mapping

from kubernetes import client

from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.values import Values

__all__ = ("REASONS", "disruption_budget")

REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    "kind": "Written where at least two pods run; with one it could only block maintenance.",
    **metadata.REASONS,
    "spec.maxUnavailable": "Nodes are emptied one pod at a time, whatever the number of pods.",
    "spec.selector.matchLabels": "The labels of the Deployment's selector.",
    "spec.unhealthyPodEvictionPolicy": "A pod that is broken anyway may always go. Otherwise "
    "an app that does not start would keep its nodes from being maintained.",
}


def disruption_budget(values: Values) -> client.V1PodDisruptionBudget:
    """Return the budget."""
    return client.V1PodDisruptionBudget(
        api_version="policy/v1",
        kind="PodDisruptionBudget",
        metadata=metadata.object_metadata(values),
        spec=client.V1PodDisruptionBudgetSpec(
            max_unavailable=1,
            selector=client.V1LabelSelector(match_labels=metadata.selector(values)),
            unhealthy_pod_eviction_policy="AlwaysAllow",
        ),
    )
