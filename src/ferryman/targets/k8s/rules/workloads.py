"""Rules about workloads, which keep a number of pods running: K40x."""

from __future__ import annotations

from collections.abc import Iterator

from ferryman.targets.k8s.rules.manifest_reader import ManifestSet, Problem, matches, share
from ferryman.targets.k8s.rules.rule import Rule

__all__ = ("RULES",)

_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")


def _selectors(manifests: ManifestSet) -> Iterator[Problem]:
    for pod in manifests.pods:
        if pod.manifest.kind in _WORKLOADS:
            selector = pod.manifest.spec.get("selector") or {}
            if not matches(selector, pod.labels) or not any(selector.values()):
                message = "it does not match the labels of the pod template"
                yield pod.manifest, "spec.selector", message


def _overlaps(manifests: ManifestSet) -> Iterator[Problem]:
    workloads = manifests.of_kind(*_WORKLOADS)
    order = {id(workload): place for place, workload in enumerate(workloads)}
    for first in workloads:
        for pod in manifests.selected(first.namespace, first.spec.get("selector") or {}):
            second = pod.manifest
            same = (first.kind, first.name) == (second.kind, second.name)
            if order.get(id(second), -1) > order[id(first)] and not same:
                message = f"{first.kind}/{first.name} also selects these pods"
                yield second, "spec.template.metadata.labels", message


def _rolling(manifests: ManifestSet) -> Iterator[Problem]:
    for manifest in manifests.of_kind("Deployment"):
        strategy = manifest.spec.get("strategy") or {}
        update = strategy.get("rollingUpdate") or {}
        if strategy.get("type") == "Recreate" and update:
            yield manifest, "spec.strategy", "Recreate does not allow rollingUpdate"
        amounts = (update.get(name, "25%") for name in ("maxSurge", "maxUnavailable"))
        if all(str(amount) in ("0", "0%") for amount in amounts):
            path = "spec.strategy.rollingUpdate"
            yield manifest, path, "it may neither add nor remove a pod"


def _amounts(manifests: ManifestSet) -> Iterator[Problem]:
    for manifest in manifests:
        update = (manifest.spec.get("strategy") or {}).get("rollingUpdate") or {}
        amounts = {f"spec.strategy.rollingUpdate.{name}": value for name, value in update.items()}
        if manifest.kind == "PodDisruptionBudget":
            names = manifest.spec.keys() & {"minAvailable", "maxUnavailable"}
            amounts = {f"spec.{name}": manifest.spec[name] for name in sorted(names)}
        for path, value in amounts.items():
            number = share(value, 100)
            if number is None or number < 0:
                message = f"{value!r} is neither a number of pods nor a percentage such as 25%"
                yield manifest, path, message


def _replicas(manifests: ManifestSet) -> Iterator[Problem]:
    for manifest in manifests.of_kind(*_WORKLOADS):
        if manifest.spec.get("replicas", 1) < 0:
            yield manifest, "spec.replicas", "must not be negative"


def _deadline(manifests: ManifestSet) -> Iterator[Problem]:
    for manifest in manifests.of_kind("Deployment"):
        ready = manifest.spec.get("minReadySeconds", 0)
        deadline = manifest.spec.get("progressDeadlineSeconds", 600)
        if ready >= deadline:
            message = f"the deadline of {deadline} s passes before a pod was ready for {ready} s"
            yield manifest, "spec.progressDeadlineSeconds", message


def _spread(manifests: ManifestSet) -> Iterator[Problem]:
    for pod in manifests.pods:
        for constraint in pod.spec.get("topologySpreadConstraints") or ():
            selector = constraint.get("labelSelector")
            # Without a selector the constraint counts no pod.
            if selector is None or not matches(selector, pod.labels):
                message = "its labelSelector does not match the pod's own labels"
                yield pod.problem("topologySpreadConstraints", message)


RULES = (
    Rule(
        "K401",
        "a workload selects the pods of its own template",
        "The cluster refuses the workload.",
        _selectors,
    ),
    Rule(
        "K402",
        "no two workloads select the same pods",
        "The cluster accepts both workloads. Each then counts the other's pods as its own, and "
        "may delete them.",
        _overlaps,
    ),
    Rule(
        "K403",
        "a Deployment has one update strategy, which may add or remove a pod",
        "The cluster refuses a rolling update that may neither add nor remove a pod, and "
        "`Recreate` together with a rolling update.",
        _rolling,
    ),
    Rule(
        "K404",
        "amounts of pods are whole numbers or percentages",
        "The schemas accept any text, but the cluster refuses the object.",
        _amounts,
    ),
    Rule("K405", "replicas are not negative", "The cluster refuses the workload.", _replicas),
    Rule(
        "K406",
        "pods become available before the progress deadline",
        "Otherwise every rollout would fail. The cluster refuses the Deployment.",
        _deadline,
    ),
    Rule(
        "K407",
        "a spread constraint matches its own pods",
        "A constraint that does not count its own pods spreads nothing.",
        _spread,
    ),
)
