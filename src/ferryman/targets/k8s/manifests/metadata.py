"""The names and labels of a project's objects."""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.syntax import label_value
from ferryman.targets.k8s.values import Values

__all__ = (
    *("LABELS_REASON", "OWNED", "REASONS", "WEB"),
    *("belonging", "labels", "object_metadata", "selector"),
)

OWNED: Mapping[str, str] = {"app.kubernetes.io/managed-by": "ferryman"}
"""The label of ferryman's objects. A deploy changes and deletes no object without it."""

LABELS_REASON = (
    "The labels that Kubernetes recommends. Tools use them to group the objects of an app."
)

REASONS: Mapping[str, str] = {
    "metadata.name": "`instance`, or the project's `name` if unset.",
    "metadata.namespace": "`namespace`. Omitted if unset; kubectl then chooses the namespace.",
    "metadata.labels": LABELS_REASON,
}

WEB = "web"
"""The name of the process that serves requests."""


def object_metadata(values: Values, component: str = WEB) -> Fields:
    """Return the metadata of an object of a process."""
    return fields(
        name=values.name if component == WEB else f"{values.name}-{component}",
        namespace=values.namespace,
        labels=labels(values, component),
    )


def labels(values: Values, component: str = WEB) -> dict[str, str]:
    """Return the labels of every object and pod that ferryman makes."""
    return {
        **selector(values, component),
        **belonging(values),
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/version": label_value(values.version),
    }


def belonging(values: Values) -> dict[str, str]:
    """Return the labels of every object of the release, including the user's own objects."""
    return {
        "app.kubernetes.io/instance": values.name,
        "app.kubernetes.io/part-of": values.app,
        **OWNED,
    }


def selector(values: Values, component: str = WEB) -> dict[str, str]:
    """Return the labels that select the pods of a process. They never change.

    `app.kubernetes.io/name` differs between processes, so the Service finds only the web process.
    """
    return {
        "app.kubernetes.io/name": values.app if component == WEB else f"{values.app}-{component}",
        "app.kubernetes.io/instance": values.name,
    }
