"""The ServiceMonitor: tells a Prometheus where the pods' metrics are.

The Kubernetes client has no models of the Prometheus Operator, so this one is a document
of plain values. Its fields are those of monitoring.coreos.com/v1 in the operator's API
reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ferryman.core import serving
from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.manifests.service import METRICS_PORT_NAME
from ferryman.targets.k8s.values import Values

__all__ = ("REASONS", "service_monitor")

REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    "kind": "Written where `service_monitor` is set. It needs the Prometheus Operator in the "
    "cluster.",
    **metadata.REASONS,
    "metadata.labels": f"{metadata.LABELS_REASON} To them come `service_monitor_labels`, by which "
    "a Prometheus chooses.",
    "spec.selector.matchLabels": "The labels of the Service.",
    "spec.endpoints[].port": "The Service's port of the metrics, by its name.",
    "spec.endpoints[].path": "Where the server has its metrics.",
}


def service_monitor(values: Values) -> dict[str, Any]:
    """Return the ServiceMonitor, with the labels by which a Prometheus chooses it."""
    labels = {**metadata.labels(values), **dict(values.monitor_labels)}
    own = {"name": values.name, "labels": labels}
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": own | ({"namespace": values.namespace} if values.namespace else {}),
        "spec": {
            "selector": {"matchLabels": metadata.selector(values)},
            "endpoints": [{"port": METRICS_PORT_NAME, "path": serving.METRICS_PATH}],
        },
    }
