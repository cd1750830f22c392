"""The kustomization: what makes the directory one thing to apply, and to build upon.

It is read by kubectl and never sent to a cluster, so neither the client nor the schemas
know it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.values import Values

__all__ = ("REASONS", "kustomization")

REASONS: Mapping[str, str] = {
    "apiVersion": "What kubectl calls the format.",
    "kind": "`kubectl apply -k` takes the directory as one.",
    "labels[].includeSelectors": "A Deployment's selector can never be changed.",
    "labels[].pairs": "What an overlay adds gets the labels, too, and is found with the rest.",
    "resources": "In the order of the names. An overlay of yours names the directory instead.",
}


def kustomization(values: Values, resources: Iterable[str]) -> dict[str, object]:
    """Return the kustomization of these files. It rewrites no image."""
    return {
        "apiVersion": "kustomize.config.k8s.io/v1beta1",
        "kind": "Kustomization",
        "labels": [{"includeSelectors": False, "pairs": metadata.labels(values)}],
        "resources": sorted(resources),
    }
