"""The kinds ferryman deals with, and where the cluster's API has them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ("KINDS", "OWN_KINDS", "Kind", "kind_of", "order_of")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object.

    Attributes:
        name: What it is called in a document.
        version: Its apiVersion.
        plural: What it is called in a URL.
        brought_by: What brings it, where it is not Kubernetes itself.
    """

    name: str
    version: str
    plural: str
    brought_by: str | None = None

    def path(self, namespace: str, name: str | None = None) -> str:
        """Return the path of one object, or of all in a namespace."""
        prefix = "/apis" if "/" in self.version else "/api"
        whole = f"{prefix}/{self.version}/namespaces/{namespace}/{self.plural}"
        return f"{whole}/{name}" if name else whole


OWN_KINDS: tuple[Kind, ...] = (
    Kind("ServiceAccount", "v1", "serviceaccounts"),
    Kind("ConfigMap", "v1", "configmaps"),
    Kind("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies"),
    Kind("Service", "v1", "services"),
    Kind("Deployment", "apps/v1", "deployments"),
    Kind("HorizontalPodAutoscaler", "autoscaling/v2", "horizontalpodautoscalers"),
    Kind("PodDisruptionBudget", "policy/v1", "poddisruptionbudgets"),
    Kind("Service", "serving.knative.dev/v1", "services", "Knative Serving"),
    Kind("HTTPRoute", "gateway.networking.k8s.io/v1", "httproutes", "the Gateway API"),
    Kind("Ingress", "networking.k8s.io/v1", "ingresses"),
    Kind(
        "ServiceMonitor",
        "monitoring.coreos.com/v1",
        "servicemonitors",
        "the Prometheus Operator",
    ),
)
"""What a build may make, in the order in which it is applied: what others need comes first."""

KINDS: dict[str, Kind] = {
    "ReplicaSet": Kind("ReplicaSet", "apps/v1", "replicasets"),
    "Pod": Kind("Pod", "v1", "pods"),
    "Event": Kind("Event", "v1", "events"),
    "Deployment": next(kind for kind in OWN_KINDS if kind.name == "Deployment"),
}
"""What is read to see how a rollout goes."""


def kind_of(document: dict[str, object]) -> Kind:
    """Return the kind of an object that a build made."""
    wanted = (document["kind"], document["apiVersion"])
    return next(kind for kind in OWN_KINDS if (kind.name, kind.version) == wanted)


def order_of(document: dict[str, object]) -> int:
    """Return the place of an object in the order of applying."""
    return OWN_KINDS.index(kind_of(document))
