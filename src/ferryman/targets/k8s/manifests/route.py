"""The HTTPRoute, which routes hosts of a Gateway to the Service.

Its fields are those of gateway.networking.k8s.io/v1, stable since 2023.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.manifests.interceptor_route import (
    INTERCEPTOR,
    INTERCEPTOR_NAMESPACE,
    INTERCEPTOR_PORT,
)
from ferryman.targets.k8s.manifests.service import SERVICE_PORT
from ferryman.targets.k8s.values import Exposure, Values

__all__ = ("REASONS", "http_route")

REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    "kind": "Present if `gateway` is set. The Gateway API succeeds Ingress, and `ferryman "
    "migrate` shifts traffic with its weights.",
    **metadata.REASONS,
    "spec.hostnames": "`hosts`.",
    "spec.parentRefs": "`gateway`. The cluster's administrators own it.",
    "spec.rules[].matches": "Matches every path. The app does the routing.",
    "spec.rules[].backendRefs": "The Service. With `keda_http` KEDA's interceptor, in its own "
    "namespace.",
}


def http_route(values: Values, exposure: Exposure) -> dict[str, Any]:
    """Return the route of the hosts. The exposure must have a gateway."""
    assert exposure.gateway is not None
    namespace, gateway = exposure.gateway
    parent = {"name": gateway, **({"namespace": namespace} if namespace else {})}
    return {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "HTTPRoute",
        "metadata": metadata.object_metadata(values),
        "spec": {
            "hostnames": list(exposure.hosts),
            "parentRefs": [parent],
            "rules": [
                {
                    "matches": [{"path": {"type": "PathPrefix", "value": "/"}}],
                    "backendRefs": [_backend(values)],
                }
            ],
        },
    }


def _backend(values: Values) -> dict[str, Any]:
    if values.scaling and values.scaling.in_flight:
        return {
            "name": INTERCEPTOR,
            "namespace": INTERCEPTOR_NAMESPACE,
            "port": INTERCEPTOR_PORT,
        }
    return {"name": values.name, "port": SERVICE_PORT}
