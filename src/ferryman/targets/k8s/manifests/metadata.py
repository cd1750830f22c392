"""Names and labels: what all objects of a project have in common."""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.syntax import label_value
from ferryman.targets.k8s.values import Values

__all__ = (
    *("LABELS_REASON", "OWNED", "REASONS", "WEB"),
    *("belonging", "called", "labels", "object_metadata", "selector"),
)

OWNED: Mapping[str, str] = {"app.kubernetes.io/managed-by": "ferryman"}
"""The label of all that ferryman made; nothing without it is ever changed or deleted."""

LABELS_REASON = (
    "The labels that Kubernetes recommends, so that every tool finds what belongs together."
)

REASONS: Mapping[str, str] = {
    "metadata.name": "`instance`, or else the project's `name`.",
    "metadata.namespace": "`namespace`; not written where it is not set, and kubectl decides.",
    "metadata.labels": LABELS_REASON,
}


WEB = "web"
"""What the process that answers requests is called."""


def object_metadata(values: Values, component: str = WEB) -> Fields:
    """Return the metadata of an object that bears the project's name, and a process'."""
    return fields(
        name=called(values, component),
        namespace=values.namespace,
        labels=labels(values, component),
    )


def called(values: Values, component: str = WEB) -> str:
    """Return the name of the objects of a process."""
    return values.name if component == WEB else f"{values.name}-{component}"


def labels(values: Values, component: str = WEB) -> dict[str, str]:
    """Return the labels of every object and pod that ferryman makes."""
    return {
        **selector(values, component),
        **belonging(values),
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/version": label_value(values.version),
    }


def belonging(values: Values) -> dict[str, str]:
    """Return the labels of all that belongs to the release, the user's own objects included."""
    return {
        "app.kubernetes.io/instance": values.name,
        "app.kubernetes.io/part-of": values.app,
        **OWNED,
    }


def selector(values: Values, component: str = WEB) -> dict[str, str]:
    """Return the labels by which pods are found, which stay the same forever.

    A worker shares none of them with the web process: no Service leads to it.
    """
    return {
        "app.kubernetes.io/name": values.app if component == WEB else f"{values.app}-{component}",
        "app.kubernetes.io/instance": values.name,
    }
