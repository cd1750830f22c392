"""The Ingress, which routes hosts to the Service in a cluster without a Gateway."""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.manifests.container import PORT_NAME
from ferryman.targets.k8s.values import Exposure, Values

__all__ = ("REASONS", "ingress")

REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    "kind": "Present if `ingress_class` is set, instead of an HTTPRoute.",
    **metadata.REASONS,
    "spec.ingressClassName": "`ingress_class`.",
    "spec.rules[].host": "`hosts`.",
    "spec.rules[].http.paths[].path": "Matches every path. The app does the routing.",
    "spec.rules[].http.paths[].pathType": "All controllers treat this type alike.",
    "spec.rules[].http.paths[].backend.service.name": "The Service.",
    "spec.rules[].http.paths[].backend.service.port.name": "The name of the Service's port.",
    "spec.tls": "`tls_secret`, for all `hosts`. Omitted if unset.",
}


def ingress(values: Values, exposure: Exposure) -> Fields:
    """Return the Ingress, which sends every path of each host to the Service."""
    return fields(
        api_version="networking.k8s.io/v1",
        kind="Ingress",
        metadata=metadata.object_metadata(values),
        spec=fields(
            ingress_class_name=exposure.ingress_class,
            rules=[_rule(values.name, host) for host in exposure.hosts],
            tls=_tls(exposure),
        ),
    )


def _rule(name: str, host: str) -> Fields:
    backend = fields(service=fields(name=name, port=fields(name=PORT_NAME)))
    path = fields(path="/", path_type="Prefix", backend=backend)
    return fields(host=host, http=fields(paths=[path]))


def _tls(exposure: Exposure) -> list[Fields] | None:
    if exposure.tls_secret is None:
        return None
    return [fields(hosts=list(exposure.hosts), secret_name=exposure.tls_secret)]
