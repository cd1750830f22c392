"""The PodDisruptionBudget: how many pods node maintenance may stop at a time."""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.values import Values

__all__ = ("REASONS", "disruption_budget")

REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    "kind": "Present if at least two pods run. For a single pod a budget could only block "
    "maintenance.",
    **metadata.REASONS,
    "spec.maxUnavailable": "A node drain evicts one pod at a time.",
    "spec.selector.matchLabels": "The labels of the Deployment's selector.",
    "spec.unhealthyPodEvictionPolicy": "A drain may always evict a pod that is not ready. "
    "Otherwise an app that cannot start would block the maintenance of its nodes.",
}


def disruption_budget(values: Values) -> Fields:
    """Return the budget, which allows one pod to be unavailable at a time."""
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
