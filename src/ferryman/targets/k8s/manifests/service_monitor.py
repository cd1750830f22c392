"""The ServiceMonitor, which tells Prometheus where the pods' metrics are.

Its fields are those of monitoring.coreos.com/v1 in the Prometheus Operator's API reference.
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
    "kind": "Present if `service_monitor` is set. It needs the Prometheus Operator in the cluster.",
    **metadata.REASONS,
    "metadata.labels": f"{metadata.LABELS_REASON} A Prometheus selects its ServiceMonitors by "
    "`service_monitor_labels`.",
    "spec.selector.matchLabels": "The labels of the Service.",
    "spec.endpoints[].port": "The name of the Service's metrics port.",
    "spec.endpoints[].path": "The path of the server's metrics.",
}


def service_monitor(values: Values) -> dict[str, Any]:
    """Return the ServiceMonitor, with the labels that a Prometheus selects by."""
    described = metadata.object_metadata(values)
    described["labels"] |= dict(values.monitor_labels)
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": described,
        "spec": {
            "selector": {"matchLabels": metadata.selector(values)},
            "endpoints": [{"port": METRICS_PORT_NAME, "path": serving.METRICS_PATH}],
        },
    }
