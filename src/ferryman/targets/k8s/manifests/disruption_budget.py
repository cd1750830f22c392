"""The PodDisruptionBudget: how many pods may be gone while nodes are maintained."""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.values import Values

__all__ = ("REASONS", "disruption_budget")

REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    "kind": "Written where at least two pods run; with one it could only block maintenance.",
    **metadata.REASONS,
    "spec.maxUnavailable": "A node drain evicts one pod at a time, however many there are.",
    "spec.selector.matchLabels": "The labels of the Deployment's selector.",
    "spec.unhealthyPodEvictionPolicy": "A pod that is broken anyway may always go. Otherwise "
    "an app that does not start would keep its nodes from being maintained.",
}


def disruption_budget(values: Values) -> Fields:
    """Return the budget, by which one pod may be away at a time."""
    return fields(
        api_version="policy/v1",
        kind="PodDisruptionBudget",
        metadata=metadata.object_metadata(values),
        spec=fields(
            max_unavailable=1,
            selector=fields(match_labels=metadata.selector(values)),
            unhealthy_pod_eviction_policy="AlwaysAllow",
        ),
    )
