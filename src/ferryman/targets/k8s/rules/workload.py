"""Rules about what keeps pods running, and how many: K4xx."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from math import ceil, floor
from typing import Any

from ferryman.targets.k8s.rules.reading import Pod, matches, pods, selects, workloads
from ferryman.targets.k8s.rules.rule import Manifest, Problem, Rule

__all__ = ("RULES",)


def _selectors(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest, pod in _running(manifests):
        selector = manifest.spec.get("selector") or {}
        if not matches(selector, pod.labels) or not any(selector.values()):
            yield manifest, "spec.selector", "it does not take the labels of the pod template"


def _overlaps(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for (one, _), (other, pod) in combinations(_running(manifests), 2):
        selector = one.spec.get("selector") or {}
        same = (one.kind, one.name) == (other.kind, other.name)
        if not same and one.namespace == other.namespace and matches(selector, pod.labels):
            message = f"{one.kind}/{one.name} selects these pods, too"
            yield other, "spec.template.metadata.labels", message


def _running(manifests: Sequence[Manifest]) -> list[tuple[Manifest, Pod]]:
    found = list(workloads(manifests))
    return [(pod.manifest, pod) for pod in pods(found)]


def _rolling(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest in manifests:
        if manifest.kind == "Deployment":
            update = (manifest.spec.get("strategy") or {}).get("rollingUpdate") or {}
            surge = _share(update.get("maxSurge", "25%"), 4, ceil)
            gone = _share(update.get("maxUnavailable", "25%"), 4, floor)
            if surge == gone == 0:
                path = "spec.strategy.rollingUpdate"
                yield manifest, path, "no pod may be added and none may go"


def _share(amount: object, of: int, rounded: Any) -> int | None:
    """Return a number of pods, given as one or in percent, or None if it is neither."""
    text = str(amount)
    try:
        return int(rounded(of * int(text[:-1]) / 100)) if text.endswith("%") else int(text)
    except ValueError:
        return None


def _amounts(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest in manifests:
        update = (manifest.spec.get("strategy") or {}).get("rollingUpdate") or {}
        found = {f"spec.strategy.rollingUpdate.{name}": value for name, value in update.items()}
        if manifest.kind == "PodDisruptionBudget":
            names = ("minAvailable", "maxUnavailable")
            found = {f"spec.{name}": manifest.spec[name] for name in names if name in manifest.spec}
        for path, value in found.items():
            number = _share(value, 100, ceil)
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


def _budget_selector(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for budget in manifests:
        if budget.kind == "PodDisruptionBudget" and not _selected(budget, manifests):
            yield budget, "spec.selector", "it takes no pod of these manifests"


def _selected(budget: Manifest, manifests: Sequence[Manifest]) -> list[Pod]:
    selector: Mapping[str, Any] = budget.spec.get("selector") or {}
    return [p for p in pods(manifests) if selects(budget, {}, p) and matches(selector, p.labels)]


def _budget_room(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for budget in manifests:
        if budget.kind == "PodDisruptionBudget":
            for pod in _selected(budget, manifests):
                count = pod.manifest.spec.get("replicas", 1)
                if not _scaled(pod.manifest, manifests) and not _room(budget.spec, count):
                    yield budget, "spec", f"with {count} pods it lets none go"


def _room(spec: Mapping[str, Any], count: int) -> bool:
    if "maxUnavailable" in spec:
        return _share(spec["maxUnavailable"], count, ceil) != 0
    kept = _share(spec.get("minAvailable", 0), count, ceil)
    return kept is None or kept < count


def _budget_one(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    both = {"minAvailable", "maxUnavailable"}
    for budget in manifests:
        if budget.kind == "PodDisruptionBudget" and both <= budget.spec.keys():
            yield budget, "spec", "minAvailable and maxUnavailable are both set"


def _scaled(manifest: Manifest, manifests: Sequence[Manifest]) -> bool:
    return any(_target(m, [manifest]) for m in manifests if m.kind == "HorizontalPodAutoscaler")


def _target(scaler: Manifest, manifests: Sequence[Manifest]) -> Manifest | None:
    aimed = scaler.spec.get("scaleTargetRef") or {}
    key = (aimed.get("kind"), aimed.get("name"), scaler.namespace)
    return next((m for m in manifests if (m.kind, m.name, m.namespace) == key), None)


def _scalers(manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, Manifest | None]]:
    for manifest in manifests:
        if manifest.kind == "HorizontalPodAutoscaler":
            yield manifest, _target(manifest, manifests)


def _scaler_target(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for scaler, target in _scalers(manifests):
        if target is None:
            aimed = scaler.spec.get("scaleTargetRef") or {}
            message = f"there is no {aimed.get('kind')}/{aimed.get('name')} in these manifests"
            yield scaler, "spec.scaleTargetRef", message


def _scaler_bounds(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for scaler, _ in _scalers(manifests):
        least, most = scaler.spec.get("minReplicas", 1), scaler.spec.get("maxReplicas", 0)
        if least > most or least < 1:
            yield scaler, "spec.minReplicas", f"from {least} to {most} pods is no range"


def _scaler_requests(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for scaler, target in _scalers(manifests):
        for pod in pods([target] if target else []):
            for resource in _measured(scaler):
                for container in pod.spec.get("containers") or ():
                    asked = (container.get("resources") or {}).get("requests") or {}
                    if resource not in asked:
                        message = f"{container.get('name')} requests no {resource} to measure by"
                        yield scaler, "spec.metrics", message


def _measured(scaler: Manifest) -> Iterator[str]:
    for metric in scaler.spec.get("metrics") or ():
        resource = metric.get("resource") or {}
        if (resource.get("target") or {}).get("type") == "Utilization":
            yield str(resource.get("name"))


def _scaler_alone(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for scaler, target in _scalers(manifests):
        if target is not None and "replicas" in target.spec:
            yield target, "spec.replicas", f"HorizontalPodAutoscaler/{scaler.name} sets them, too"


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
        "a rolling update has a way to begin",
        "Where no pod may be added and none may go the cluster refuses the Deployment.",
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
    Rule(
        "K411",
        "a disruption budget takes pods of these manifests",
        "The cluster takes any selector; a budget for no pods protects none.",
        _budget_selector,
    ),
    Rule(
        "K412",
        "a disruption budget lets a pod go",
        "Nodes could not be maintained: a drain waits until someone deletes the budget.",
        _budget_room,
    ),
    Rule(
        "K413",
        "a disruption budget has one bound",
        "The cluster refuses the budget.",
        _budget_one,
    ),
    Rule(
        "K421",
        "an autoscaler's target is in these manifests",
        "The cluster takes any name; the autoscaler then does nothing.",
        _scaler_target,
    ),
    Rule(
        "K422",
        "an autoscaler's minimum is within its maximum",
        "The cluster refuses the autoscaler.",
        _scaler_bounds,
    ),
    Rule(
        "K423",
        "what an autoscaler measures in percent is requested",
        "The cluster takes it. The autoscaler then cannot say of what the percentage is, and "
        "the number of pods never changes.",
        _scaler_requests,
    ),
    Rule(
        "K424",
        "the number of pods is set in one place",
        "Each apply would undo what the autoscaler did.",
        _scaler_alone,
    ),
)
