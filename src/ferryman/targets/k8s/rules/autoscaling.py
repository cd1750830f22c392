"""Rules about how many pods there are: disruption budgets and autoscalers, K41x and K42x."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ferryman.records.wording import counted
from ferryman.targets.k8s.rules.manifest_reader import Pod, candidates, matches, named, pods, share
from ferryman.targets.k8s.rules.rule import Manifest, Problem, Rule

__all__ = ("RULES",)


def _budget_selector(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for budget in manifests:
        if budget.kind == "PodDisruptionBudget" and not _selected(budget, manifests):
            yield budget, "spec.selector", "it takes no pod of these manifests"


def _selected(budget: Manifest, manifests: Sequence[Manifest]) -> list[Pod]:
    selector: Mapping[str, Any] = budget.spec.get("selector") or {}
    near = candidates(manifests, budget.namespace, selector.get("matchLabels") or {})
    return [pod for pod in near if matches(selector, pod.labels)]


def _budget_room(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    least = {
        (target.kind, target.name, target.namespace): int(scaler.spec.get("minReplicas", 1))
        for scaler, target in _scalers(manifests)
        if target is not None
    }
    for budget in manifests:
        if budget.kind == "PodDisruptionBudget":
            for pod in _selected(budget, manifests):
                count = _fewest(pod.manifest, least)
                if not _room(budget.spec, count):
                    yield budget, "spec", f"with {counted(count, 'pod')} it lets none go"


def _fewest(manifest: Manifest, least: Mapping[tuple[str, str, str], int]) -> int:
    """Return how many pods a workload has at least, where an autoscaler may say so."""
    key = (manifest.kind, manifest.name, manifest.namespace)
    return least.get(key, int(manifest.spec.get("replicas", 1)))


def _budgets(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    seen: dict[int, Manifest] = {}
    for budget in manifests:
        if budget.kind == "PodDisruptionBudget":
            for pod in _selected(budget, manifests):
                first = seen.setdefault(id(pod.manifest), budget)
                if first is not budget and first.name != budget.name:
                    message = f"PodDisruptionBudget/{first.name} takes the same pods"
                    yield budget, "spec.selector", message


def _room(spec: Mapping[str, Any], count: int) -> bool:
    if "maxUnavailable" in spec:
        return share(spec["maxUnavailable"], count) != 0
    kept = share(spec.get("minAvailable", 0), count)
    return kept is None or kept < count


def _budget_one(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    both = {"minAvailable", "maxUnavailable"}
    for budget in manifests:
        if budget.kind == "PodDisruptionBudget" and both <= budget.spec.keys():
            yield budget, "spec", "minAvailable and maxUnavailable are both set"


def _target(scaler: Manifest, manifests: Sequence[Manifest]) -> Manifest | None:
    aimed = scaler.spec.get("scaleTargetRef") or {}
    return named(manifests, str(aimed.get("kind")), str(aimed.get("name")), scaler.namespace)


def _scalers(manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, Manifest | None]]:
    for manifest in manifests:
        if manifest.kind == "HorizontalPodAutoscaler":
            yield manifest, _target(manifest, manifests)


def _scaler_target(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for scaler, target in _scalers(manifests):
        aimed = scaler.spec.get("scaleTargetRef") or {}
        if target is None:
            message = f"there is no {aimed.get('kind')}/{aimed.get('name')} in these manifests"
            yield scaler, "spec.scaleTargetRef", message
        elif aimed.get("apiVersion") != target.document.get("apiVersion"):
            message = f"{aimed.get('kind')} is of {target.document.get('apiVersion')}"
            yield scaler, "spec.scaleTargetRef.apiVersion", message


def _scaler_bounds(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for scaler, _ in _scalers(manifests):
        least, most = scaler.spec.get("minReplicas", 1), scaler.spec.get("maxReplicas", 0)
        if least > most or least < 1:
            yield scaler, "spec.minReplicas", f"from {least} to {most} pods is not a range"


def _scaler_aims(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for scaler, _ in _scalers(manifests):
        for metric in scaler.spec.get("metrics") or ():
            aimed = (metric.get("resource") or {}).get("target") or {}
            if aimed.get("averageUtilization", 1) < 1:
                yield scaler, "spec.metrics", "no use of a resource can be 0 percent or less"


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
        "K414",
        "a pod has one disruption budget",
        "The cluster takes two, and then lets no such pod go: nodes cannot be maintained.",
        _budgets,
    ),
    Rule(
        "K421",
        "an autoscaler's target is in these manifests, by its kind, version and name",
        "The cluster takes any; the autoscaler then does nothing.",
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
    Rule(
        "K425",
        "an autoscaler aims at more than nothing",
        "The cluster refuses the autoscaler.",
        _scaler_aims,
    ),
)
