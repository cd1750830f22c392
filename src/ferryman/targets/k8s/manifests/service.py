"""The Service: one address in the cluster for all pods."""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.manifests.container import ADMIN_PORT_NAME, PORT_NAME
from ferryman.targets.k8s.values import Values

__all__ = ("METRICS_PORT_NAME", "REASONS", "SERVICE_PORT", "service")

SERVICE_PORT = 80
"""The port of the Service."""

METRICS_PORT_NAME = "metrics"
"""The name of the Service's other port, which is there where a ServiceMonitor is."""

REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    "kind": "Pods come and go; the address stays.",
    **metadata.REASONS,
    "spec.type": "Reachable only within the cluster; a Gateway or Ingress in front lets other "
    "traffic in.",
    "spec.selector": "The labels of the Deployment's selector.",
    "spec.ports[].name": "Gateways and meshes read the protocol off the name.",
    "spec.ports[].port": "The port of HTTP, so that URLs within the cluster need none. "
    "With `service_monitor` a second one leads to the metrics.",
    "spec.ports[].protocol": "Part of a port's identity when several tools apply one object.",
    "spec.ports[].appProtocol": "`https` where `[tool.ferryman.server]` has a `certificate`; else "
    "not written.",
    "spec.ports[].targetPort": "The container's port, by its name.",
    "spec.trafficDistribution": "`same_zone`; not written where it is not set. Kubernetes "
    "before 1.34 calls it `PreferClose`.",
}


def service(values: Values) -> Fields:
    """Return the Service; where a ServiceMonitor is made, with a second port, of the metrics."""
    return fields(
        api_version="v1",
        kind="Service",
        metadata=metadata.object_metadata(values),
        spec=fields(
            type="ClusterIP",
            selector=metadata.selector(values),
            ports=_ports(values),
            traffic_distribution=values.chosen.traffic,
        ),
    )


def _ports(values: Values) -> list[Fields]:
    ports = [(PORT_NAME, SERVICE_PORT, PORT_NAME)]
    if values.monitored:
        ports.append((METRICS_PORT_NAME, values.front.ports[1], ADMIN_PORT_NAME))
    return [
        fields(
            name=name,
            port=port,
            protocol="TCP",
            target_port=target,
            app_protocol="https" if values.front.secure and name == PORT_NAME else None,
        )
        for name, port, target in ports
    ]
