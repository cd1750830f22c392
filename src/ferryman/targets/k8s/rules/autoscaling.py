"""Rules about the number of pods: disruption budgets (K41x) and autoscalers (K42x)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ferryman.records.wording import counted
from ferryman.targets.k8s.rules.manifest_reader import (
    Container,
    Manifest,
    ManifestSet,
    Pod,
    Problem,
    share,
)
from ferryman.targets.k8s.rules.rule import Rule

__all__ = ("RULES",)


def _budgets(manifests: ManifestSet) -> Iterator[tuple[Manifest, list[Pod]]]:
    """Yield each disruption budget with the pods that it selects."""
    for budget in manifests.of_kind("PodDisruptionBudget"):
        selector = budget.spec.get("selector")
        # A budget without a selector selects no pod; an empty selector selects all pods.
        pods = [] if selector is None else manifests.selected(budget.namespace, selector)
        yield budget, pods


def _budget_selector(manifests: ManifestSet) -> Iterator[Problem]:
    for budget, pods in _budgets(manifests):
        if not pods:
            yield budget, "spec.selector", "it selects no pod of these manifests"


def _budget_allows_eviction(manifests: ManifestSet) -> Iterator[Problem]:
    minimums = {
        (target.kind, target.name, target.namespace): int(scaler.spec.get("minReplicas", 1))
        for scaler, target in _scalers(manifests)
        if target is not None
    }
    for scaled in manifests.of_kind("ScaledObject"):
        target = _reference(scaled)
        key = (target.get("kind", "Deployment"), str(target.get("name")), scaled.namespace)
        minimums[key] = max(1, int(scaled.spec.get("minReplicaCount", 0)))
    for budget, pods in _budgets(manifests):
        for workload in (pod.manifest for pod in pods):
            if workload.kind == "DaemonSet":
                continue  # it has a pod on each node, and their number is unknown
            key = (workload.kind, workload.name, workload.namespace)
            count = minimums.get(key, int(workload.spec.get("replicas", 1)))
            if not _allows_eviction(budget.spec, count):
                yield budget, "spec", f"with {counted(count, 'pod')} it allows no eviction"


def _allows_eviction(spec: Mapping[str, Any], count: int) -> bool:
    if "maxUnavailable" in spec:
        return share(spec["maxUnavailable"], count) != 0
    kept = share(spec.get("minAvailable", 0), count)
    return kept is None or kept < count


def _one_budget(manifests: ManifestSet) -> Iterator[Problem]:
    seen: dict[int, Manifest] = {}
    for budget, pods in _budgets(manifests):
        for pod in pods:
            first = seen.setdefault(id(pod.manifest), budget)
            if first is not budget and first.name != budget.name:
                message = f"PodDisruptionBudget/{first.name} selects the same pods"
                yield budget, "spec.selector", message


def _one_bound(manifests: ManifestSet) -> Iterator[Problem]:
    both = {"minAvailable", "maxUnavailable"}
    for budget in manifests.of_kind("PodDisruptionBudget"):
        if both <= budget.spec.keys():
            yield budget, "spec", "minAvailable and maxUnavailable are both set"


def _reference(scaler: Manifest) -> Mapping[str, Any]:
    return scaler.spec.get("scaleTargetRef") or {}


def _scalers(manifests: ManifestSet) -> Iterator[tuple[Manifest, Manifest | None]]:
    """Yield each autoscaler with its target, or None."""
    for scaler in manifests.of_kind("HorizontalPodAutoscaler"):
        reference = _reference(scaler)
        kind, name = str(reference.get("kind")), str(reference.get("name"))
        yield scaler, manifests.named(kind, name, scaler.namespace)


def _scaler_target(manifests: ManifestSet) -> Iterator[Problem]:
    for scaler, target in _scalers(manifests):
        reference = _reference(scaler)
        if target is None:
            message = f"these manifests have no {reference.get('kind')}/{reference.get('name')}"
            yield scaler, "spec.scaleTargetRef", message
        elif reference.get("apiVersion") != target.document.get("apiVersion"):
            message = f"{target.kind} has the apiVersion {target.document.get('apiVersion')}"
            yield scaler, "spec.scaleTargetRef.apiVersion", message


def _scaler_bounds(manifests: ManifestSet) -> Iterator[Problem]:
    for scaler, _ in _scalers(manifests):
        least, most = scaler.spec.get("minReplicas", 1), scaler.spec.get("maxReplicas", 0)
        if least > most or least < 1:
            yield scaler, "spec.minReplicas", f"{least} to {most} pods is not a valid range"


def _resources(scaler: Manifest) -> Iterator[Mapping[str, Any]]:
    """Yield the resources that an autoscaler measures."""
    for metric in scaler.spec.get("metrics") or ():
        yield metric.get("resource") or {}


def _scaler_utilization(manifests: ManifestSet) -> Iterator[Problem]:
    for scaler, _ in _scalers(manifests):
        for resource in _resources(scaler):
            if (resource.get("target") or {}).get("averageUtilization", 1) < 1:
                yield scaler, "spec.metrics", "the target utilization must be above 0 percent"


def _scaler_requests(manifests: ManifestSet) -> Iterator[Problem]:
    for scaler, target in _scalers(manifests):
        containers = ManifestSet([target] if target else []).containers
        for resource in _resources(scaler):
            if (resource.get("target") or {}).get("type") == "Utilization":
                yield from _unrequested(scaler, str(resource.get("name")), containers)


def _unrequested(
    scaler: Manifest, resource: str, containers: Iterable[Container]
) -> Iterator[Problem]:
    for container in containers:
        if resource not in ((container.fields.get("resources") or {}).get("requests") or {}):
            name = container.fields.get("name")
            message = f"the container {name} requests no {resource}, so there is no percentage"
            yield scaler, "spec.metrics", message


def _scaler_alone(manifests: ManifestSet) -> Iterator[Problem]:
    for scaler, target in _scalers(manifests):
        if target is not None and "replicas" in target.spec:
            message = f"HorizontalPodAutoscaler/{scaler.name} also sets the number of pods"
            yield target, "spec.replicas", message


RULES = (
    Rule(
        "K411",
        "a disruption budget selects pods of these manifests",
        "The cluster accepts any selector. A budget for no pods protects nothing.",
        _budget_selector,
    ),
    Rule(
        "K412",
        "a disruption budget allows an eviction",
        "Otherwise nodes cannot be maintained: a drain waits until somebody deletes the budget.",
        _budget_allows_eviction,
    ),
    Rule(
        "K413",
        "a disruption budget has one bound",
        "The cluster refuses the budget.",
        _one_bound,
    ),
    Rule(
        "K414",
        "a pod has one disruption budget",
        "The cluster accepts two budgets, but then evicts none of these pods, and their nodes "
        "cannot be maintained.",
        _one_budget,
    ),
    Rule(
        "K421",
        "an autoscaler's target is in these manifests, with the same kind, version and name",
        "The cluster accepts any target. The autoscaler then does nothing.",
        _scaler_target,
    ),
    Rule(
        "K422",
        "an autoscaler's minimum is not above its maximum",
        "The cluster refuses the autoscaler.",
        _scaler_bounds,
    ),
    Rule(
        "K423",
        "containers request what an autoscaler measures in percent",
        "The cluster accepts the autoscaler, but the autoscaler cannot compute the percentage, "
        "and the number of pods never changes.",
        _scaler_requests,
    ),
    Rule(
        "K424",
        "only the autoscaler sets the number of pods",
        "Otherwise each apply undoes the autoscaler's decision.",
        _scaler_alone,
    ),
    Rule(
        "K425",
        "an autoscaler's target utilization is above 0",
        "The cluster refuses the autoscaler.",
        _scaler_utilization,
    ),
)
