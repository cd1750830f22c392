"""Pods wherever they stand, labels as selectors take them, quantities as clusters read them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ferryman.targets.k8s.rules.all_rules import find_problems
from ferryman.targets.k8s.rules.manifest_reader import Manifest, ManifestSet, matches, quantity

POD: dict[str, Any] = {
    "metadata": {"labels": {"a": "b"}},
    "spec": {"initContainers": [{"name": "i"}], "containers": [{"name": "c"}]},
}


@pytest.mark.parametrize(
    ("kind", "spec", "place"),
    [
        ("Deployment", {"template": POD}, "spec.template.spec.containers[0]"),
        ("StatefulSet", {"template": POD}, "spec.template.spec.containers[0]"),
        ("Job", {"template": POD}, "spec.template.spec.containers[0]"),
        (
            "CronJob",
            {"jobTemplate": {"spec": {"template": POD}}},
            "spec.jobTemplate.spec.template.spec.containers[0]",
        ),
    ],
)
def test_pods_are_found_wherever_they_stand(kind: str, spec: dict[str, Any], place: str) -> None:
    manifests = ManifestSet([Manifest("a.yaml", {"apiVersion": "v1", "kind": kind, "spec": spec})])
    (pod,) = manifests.pods
    assert pod.labels == {"a": "b"}
    first, second = manifests.containers
    assert first.path == place.replace("containers", "initContainers")
    assert second.path == place


def test_a_pod_on_its_own_is_a_pod() -> None:
    (pod,) = ManifestSet([Manifest("a.yaml", {"apiVersion": "v1", "kind": "Pod", **POD})]).pods
    assert (pod.path, pod.labels) == ("", {"a": "b"})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("100m", "0.1"),
        ("1.5", "1.5"),
        (".5", "0.5"),
        ("1Ki", 1024),
        ("1.5Gi", 3 * 2**29),
        ("2M", 2_000_000),
        ("1e3", 1000),
        ("1E3", 1000),
        ("1E", 10**18),
        ("-1", -1),
        (2, 2),
    ],
)
def test_quantities(text: object, value: object) -> None:
    assert quantity(text) == Decimal(str(value))


@pytest.mark.parametrize("text", ["", "1 Gi", "Mi", "1MB", "1gi", "0x10", True, None, "1..2"])
def test_no_quantities(text: object) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        quantity(text)


@pytest.mark.parametrize(
    ("operator", "values", "taken"),
    [
        ("In", ["b", "c"], True),
        ("In", ["c"], False),
        ("NotIn", ["c"], True),
        ("NotIn", ["b"], False),
        ("Exists", None, True),
        ("DoesNotExist", None, False),
        ("Sounds", None, False),
    ],
)
def test_expressions_of_selectors(operator: str, values: Any, taken: bool) -> None:
    expression = {"key": "a", "operator": operator, "values": values}
    assert matches({"matchExpressions": [expression]}, {"a": "b"}) is taken
    assert matches({}, {"a": "b"})


def test_the_volumes_that_a_stateful_set_claims_can_be_mounted() -> None:
    template = {"spec": {"containers": [{"name": "c", "volumeMounts": [{"name": "data"}]}]}}
    claims = [{"metadata": {"name": "data"}}]
    spec = {"template": template, "volumeClaimTemplates": claims}
    document = {"apiVersion": "apps/v1", "kind": "StatefulSet", "spec": spec}
    codes = {finding.code for finding in find_problems([Manifest("a.yaml", document)])}
    assert "K210" not in codes
    del spec["volumeClaimTemplates"]
    codes = {finding.code for finding in find_problems([Manifest("a.yaml", document)])}
    assert "K210" in codes


def test_objects_of_other_namespaces_are_strangers() -> None:
    pod = {**POD, "apiVersion": "v1", "kind": "Pod"}
    spec = {"selector": {"a": "b"}, "ports": [{"port": 80}]}
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"namespace": "x"}, "spec": spec}
    manifests = [Manifest("pod.yaml", pod), Manifest("service.yaml", service)]
    assert "K501" in {finding.code for finding in find_problems(manifests)}
    service["metadata"] = {}
    assert "K501" not in {finding.code for finding in find_problems(manifests)}
