"""The kinds that ferryman works with, and their paths in the cluster's API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ferryman.targets.k8s.schemas import from_elsewhere

__all__ = (
    *("KINDS", "LEASE", "OWN_KINDS", "Kind"),
    *("kind_named", "kind_of", "order_of", "runs_pods"),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object.

    Attributes:
        name: The kind, as in a document.
        version: The apiVersion.
        plural: Its name in URLs.
        brought_by: What adds it to a cluster, or None for Kubernetes itself.
    """

    name: str
    version: str
    plural: str
    brought_by: str | None = None

    def __str__(self) -> str:
        """Return the apiVersion and the kind."""
        return f"{self.version} {self.name}"

    @property
    def group(self) -> str:
        """The API group; empty for the core group."""
        return self.version.rpartition("/")[0]

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
    Kind("ScaledObject", "keda.sh/v1alpha1", "scaledobjects", "KEDA"),
    Kind("InterceptorRoute", "http.keda.sh/v1beta1", "interceptorroutes", "KEDA's HTTP add-on"),
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
"""The kinds that a build creates. The user's own objects may be of any kind."""

_RUNNING = ("StatefulSet", "DaemonSet", "ReplicaSet", "Pod", "Deployment", "Job", "CronJob")

_ORDER = (
    *("ServiceAccount", "Role", "RoleBinding", "LimitRange", "ResourceQuota"),
    *("ConfigMap", "PersistentVolumeClaim", "", "NetworkPolicy", "Service"),
    *_RUNNING,
    *("HorizontalPodAutoscaler", "InterceptorRoute", "ScaledObject", "PodDisruptionBudget"),
    *("Knative", "HTTPRoute", "Ingress", "ServiceMonitor"),
)
"""The order of applying: kinds that others need come first. Empty stands for all other kinds."""

LEASE = Kind("Lease", "coordination.k8s.io/v1", "leases")
"""The kind of the object that a deploy holds, so that no other deploy begins."""

KINDS: dict[str, Kind] = {
    "ReplicaSet": Kind("ReplicaSet", "apps/v1", "replicasets"),
    "Pod": Kind("Pod", "v1", "pods"),
    "Event": Kind("Event", "v1", "events"),
    "Secret": Kind("Secret", "v1", "secrets"),
    "Job": Kind("Job", "batch/v1", "jobs"),
    "Deployment": next(kind for kind in OWN_KINDS if kind.name == "Deployment"),
    "ConfigMap": next(kind for kind in OWN_KINDS if kind.name == "ConfigMap"),
    "Knative": next(k for k in OWN_KINDS if k.version.startswith("serving.knative.dev/")),
}
"""The kinds that ferryman refers to by name, mostly to watch a rollout and to store releases."""


def kind_of(document: Mapping[str, Any]) -> Kind:
    """Return the kind of an object. For a kind that no build creates, it derives the plural."""
    return _kind(document["kind"], document["apiVersion"])


def kind_named(text: str) -> Kind:
    """Return the kind with this text, as from `str`."""
    version, _, name = text.partition(" ")
    return _kind(name, version)


def _kind(name: str, version: str) -> Kind:
    for kind in OWN_KINDS:
        if (kind.name, kind.version) == (name, version):
            return kind
    group = version.rpartition("/")[0]
    brought_by = f"the API {group}" if from_elsewhere(version) else None
    return Kind(name, version, _plural(name), brought_by)


def _plural(name: str) -> str:
    """Return a kind's name in URLs, by the rule that Kubernetes' tools follow."""
    word = name.lower()
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    if word == "endpoints":
        return word
    return f"{word}es" if word.endswith(("s", "x", "ch", "sh")) else f"{word}s"


def runs_pods(kind: Kind) -> bool:
    """Return whether objects of a kind run pods, so that a migration must succeed first."""
    return kind.name in _RUNNING or kind == KINDS["Knative"]


def order_of(document: Mapping[str, Any]) -> int:
    """Return the place of an object in the order of applying."""
    kind = kind_of(document)
    name = "Knative" if kind == KINDS["Knative"] else kind.name
    known = name in _ORDER and (kind in OWN_KINDS or not kind.brought_by)
    return _ORDER.index(name if known else "")
