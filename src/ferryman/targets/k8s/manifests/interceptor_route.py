"""The InterceptorRoute: KEDA's HTTP add-on receives the requests, and holds them if no pod runs.

Its fields are those of http.keda.sh/v1beta1, which the add-on has since 0.14.
"""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.manifests.service import SERVICE_PORT
from ferryman.targets.k8s.values import Exposure, Values

__all__ = (
    *("INTERCEPTOR", "INTERCEPTOR_NAMESPACE", "INTERCEPTOR_PORT", "REASONS", "SCALER"),
    "interceptor_route",
)

INTERCEPTOR = "keda-add-ons-http-interceptor-proxy"
INTERCEPTOR_NAMESPACE = "keda"
INTERCEPTOR_PORT = 8080
SCALER = f"keda-add-ons-http-external-scaler.{INTERCEPTOR_NAMESPACE}:9090"
"""The names that the add-on's Helm chart creates, in the namespace that its documentation uses."""

REASONS: Mapping[str, str] = {
    "apiVersion": "The add-on's version since 0.14. Older versions have HTTPScaledObject instead.",
    "kind": "Present if `keda_http` is set. The add-on's interceptor forwards requests to the "
    "pods, and holds them while no pod runs.",
    **metadata.REASONS,
    "spec.target.service": "The Service.",
    "spec.target.port": "The Service's port.",
    "spec.rules[].hosts": "`hosts`. The interceptor uses them to find the app of a request.",
    "spec.scalingMetric.concurrency.targetValue": "`keda_http`.",
}


def interceptor_route(values: Values, exposure: Exposure, in_flight: int) -> Fields:
    """Return the route.

    Args:
        values: The values of the project.
        exposure: The hosts.
        in_flight: The target number of in-flight requests per pod.
    """
    return fields(
        api_version="http.keda.sh/v1beta1",
        kind="InterceptorRoute",
        metadata=metadata.object_metadata(values),
        spec=fields(
            target=fields(service=values.name, port=SERVICE_PORT),
            rules=[fields(hosts=list(exposure.hosts))],
            scaling_metric=fields(concurrency=fields(target_value=in_flight)),
        ),
    )
