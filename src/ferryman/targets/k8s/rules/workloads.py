"""Rules about what keeps pods running: K40x."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ferryman.targets.k8s.rules.manifest_reader import (
    Pod,
    candidates,
    matches,
    pods,
    share,
    workloads,
)
from ferryman.targets.k8s.rules.rule import Manifest, Problem, Rule

__all__ = ("RULES",)


def _selectors(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest, pod in _running(manifests):
        selector = manifest.spec.get("selector") or {}
        if not matches(selector, pod.labels) or not any(selector.values()):
            yield manifest, "spec.selector", "it does not take the labels of the pod template"


def _overlaps(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    order = {id(manifest): place for place, manifest in enumerate(workloads(manifests))}
    for one in workloads(manifests):
        selector = one.spec.get("selector") or {}
        for pod in candidates(manifests, one.namespace, selector.get("matchLabels") or {}):
            other = pod.manifest
            same = (one.kind, one.name) == (other.kind, other.name)
            later = order.get(id(other), -1) > order[id(one)]
            if later and not same and matches(selector, pod.labels):
                message = f"{one.kind}/{one.name} selects these pods, too"
                yield other, "spec.template.metadata.labels", message


def _running(manifests: Sequence[Manifest]) -> list[tuple[Manifest, Pod]]:
    found = list(workloads(manifests))
    return [(pod.manifest, pod) for pod in pods(found)]


def _rolling(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest in manifests:
        strategy = manifest.spec.get("strategy") or {}
        update = strategy.get("rollingUpdate") or {}
        if manifest.kind != "Deployment":
            continue
        if strategy.get("type") == "Recreate" and update:
            yield manifest, "spec.strategy", "Recreate knows no rollingUpdate"
        amounts = (update.get(name, "25%") for name in ("maxSurge", "maxUnavailable"))
        if all(str(amount) in ("0", "0%") for amount in amounts):
            path = "spec.strategy.rollingUpdate"
            yield manifest, path, "no pod may be added and none may go"


def _amounts(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest in manifests:
        update = (manifest.spec.get("strategy") or {}).get("rollingUpdate") or {}
        found = {f"spec.strategy.rollingUpdate.{name}": value for name, value in update.items()}
        if manifest.kind == "PodDisruptionBudget":
            names = ("minAvailable", "maxUnavailable")
            found = {f"spec.{name}": manifest.spec[name] for name in names if name in manifest.spec}
        for path, value in found.items():
            number = share(value, 100)
            if number is None or number < 0:
                yield manifest, path, f"{value!r} is neither a number of pods nor a share like 25%"


def _replicas(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest in workloads(manifests):
        if manifest.spec.get("replicas", 1) < 0:
            yield manifest, "spec.replicas", "there cannot be fewer than no pods"


def _deadline(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest in manifests:
        if manifest.kind == "Deployment":
            ready = manifest.spec.get("minReadySeconds", 0)
            deadline = manifest.spec.get("progressDeadlineSeconds", 600)
            if ready >= deadline:
                message = f"{deadline} s pass before a pod has been ready for {ready} s"
                yield manifest, "spec.progressDeadlineSeconds", message


def _spread(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for pod in pods(manifests):
        for constraint in pod.spec.get("topologySpreadConstraints") or ():
            if not matches(constraint.get("labelSelector") or {}, pod.labels):
                path = f"{pod.path}spec.topologySpreadConstraints"
                yield pod.manifest, path, "it does not count the pod's own labels"


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
        "The cluster takes both, and each counts, and may delete, pods of the other.",
        _overlaps,
    ),
    Rule(
        "K403",
        "an update has a way to begin, and one alone",
        "Where no pod may be added and none may go, or `Recreate` stands beside a rolling update, "
        "the cluster refuses the Deployment.",
        _rolling,
    ),
    Rule(
        "K404",
        "amounts of pods are whole numbers or shares",
        "The schemas take any text, and the cluster refuses the object.",
        _amounts,
    ),
    Rule("K405", "replicas are not negative", "The cluster refuses the workload.", _replicas),
    Rule(
        "K406",
        "pods count as available before the progress deadline",
        "Every rollout would be reported as failed. The cluster refuses the Deployment.",
        _deadline,
    ),
    Rule(
        "K407",
        "pods are spread among their own kind",
        "A constraint that does not count the pods it stands in spreads nothing.",
        _spread,
    ),
)
