"""The InterceptorRoute: KEDA's HTTP add-on takes requests, counts them, and waits for a pod.

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
"""The names that the add-on's own Helm chart gives, in the namespace that its pages install to."""

REASONS: Mapping[str, str] = {
    "apiVersion": "The version that the add-on has since 0.14; before it was HTTPScaledObject.",
    "kind": "Written where `keda_http` is set: the add-on's interceptor stands before the pods, "
    "and holds a request while none runs.",
    **metadata.REASONS,
    "spec.target.service": "The Service,",
    "spec.target.port": "by its port.",
    "spec.rules[].hosts": "`hosts`, by which the interceptor knows whose a request is.",
    "spec.scalingMetric.concurrency.targetValue": "`keda_http`.",
}


def interceptor_route(values: Values, exposure: Exposure, in_flight: int) -> Fields:
    """Return the route.

    Args:
        values: What is deployed.
        exposure: Under which hosts.
        in_flight: The requests in flight that each pod is to have.
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
