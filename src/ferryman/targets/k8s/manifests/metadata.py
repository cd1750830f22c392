"""Names and labels: what all objects of a project have in common."""

from __future__ import annotations

from collections.abc import Mapping

from kubernetes import client

from ferryman.targets.k8s.syntax import label_value
from ferryman.targets.k8s.values import Values

__all__ = ("LABELS_REASON", "OWNED", "REASONS", "labels", "object_metadata", "selector")

OWNED: Mapping[str, str] = {"app.kubernetes.io/managed-by": "ferryman"}
"""The label of all that ferryman made; nothing without it is ever changed or deleted."""

LABELS_REASON = (
    "The labels that Kubernetes recommends, so that every tool finds what belongs together."
)

REASONS: Mapping[str, str] = {
    "metadata.name": "The project's `name`.",
    "metadata.namespace": "`namespace`; not written where it is not set, and kubectl decides.",
    "metadata.labels": LABELS_REASON,
}


def object_metadata(values: Values) -> client.V1ObjectMeta:
    """Return the metadata of an object that bears the project's name."""
    return client.V1ObjectMeta(name=values.name, namespace=values.namespace, labels=labels(values))


def labels(values: Values) -> dict[str, str]:
    """Return the labels of every object and pod."""
    return {
        **selector(values),
        "app.kubernetes.io/component": "web",
        "app.kubernetes.io/part-of": values.name,
        "app.kubernetes.io/version": label_value(values.version),
        **OWNED,
    }


def selector(values: Values) -> dict[str, str]:
    """Return the labels by which pods are found, which stay the same for ever."""
    return {
        "app.kubernetes.io/name": values.name,
        "app.kubernetes.io/instance": values.name,
    }
