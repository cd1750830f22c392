"""The Service, which gives all pods one address in the cluster."""

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
"""The name of the Service's second port, which it has only if a ServiceMonitor reads metrics."""

REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    "kind": "Its address stays the same while pods come and go.",
    **metadata.REASONS,
    "spec.type": "Reachable only within the cluster. A Gateway or an Ingress forwards requests "
    "from outside.",
    "spec.selector": "The labels of the Deployment's selector.",
    "spec.ports[].name": "Gateways and service meshes infer the protocol from the name.",
    "spec.ports[].port": "HTTP's default port, so URLs within the cluster need no port. With "
    "`service_monitor` a second port serves the metrics.",
    "spec.ports[].protocol": "Server-side apply identifies a port by its number and protocol.",
    "spec.ports[].appProtocol": "`https` if `[tool.ferryman.server]` has a `certificate`. "
    "Otherwise omitted.",
    "spec.ports[].targetPort": "The name of the container's port.",
    "spec.trafficDistribution": "`same_zone`. Omitted if unset. Before Kubernetes 1.34 the value "
    "is called `PreferClose`.",
}


def service(values: Values) -> Fields:
    """Return the Service. If a ServiceMonitor reads metrics, it has a second port for them."""
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
