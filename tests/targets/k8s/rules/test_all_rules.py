"""Each rule: a manifest that breaks it, and breaks nothing else."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from scripts.reference.manifests import EXAMPLE
from scripts.reference.rule_examples import (
    BREAKS,
    CONTAINER,
    DEPLOYMENT,
    GONE,
    INGRESS,
    PAIRS,
    POD,
    ROUTE,
    SAFE,
    SECURITY,
    SERVICE,
    SIDECAR,
    Objects,
    broken,
    good,
    reading,
    sleeping,
)

from ferryman.targets.k8s.rendering import render_objects
from ferryman.targets.k8s.rules.all_rules import RULES, find_problems
from ferryman.targets.k8s.rules.manifest_reader import Manifest


def codes(objects: Objects, *, strict: bool = False) -> set[str]:
    manifests = [Manifest(file, document) for file, document in objects.items()]
    return {finding.code for finding in find_problems(manifests, strict=strict)}


def test_the_good_manifests_break_no_rule() -> None:
    assert codes(good()) == set()


@pytest.mark.parametrize(("code", "changes"), BREAKS)
def test_a_rule_is_broken_alone(code: str, changes: list[tuple[str, str, Any]]) -> None:
    assert codes(broken(changes)) == {code}


@pytest.mark.parametrize("code", PAIRS)
def test_the_wrong_example_of_several_objects_breaks_the_rule_and_the_right_none(code: str) -> None:
    wrong, right, _ = PAIRS[code]
    strict = code == "K202"
    assert codes(broken(wrong), strict=strict) == {code}
    changed = {file for file, _, _ in right}
    manifests = [Manifest(file, document) for file, document in broken(right).items()]
    found = find_problems(manifests, strict=strict)
    assert [finding for finding in found if finding.file in changed] == []


LASTING = {
    **SIDECAR,
    "restartPolicy": "Always",
    "ports": [{"name": "proxy", "containerPort": 9}],
    "livenessProbe": {"httpGet": {"port": "proxy"}},
}


@pytest.mark.parametrize(
    "changes",
    [
        [
            (DEPLOYMENT, "spec/strategy/rollingUpdate/maxSurge", 0),
            (DEPLOYMENT, "spec/strategy/rollingUpdate/maxUnavailable", "10%"),
        ],
        [(DEPLOYMENT, f"{CONTAINER}/lifecycle/preStop", sleeping("/bin/sleep", "5"))],
        [
            (DEPLOYMENT, f"{CONTAINER}/lifecycle", GONE),
            (DEPLOYMENT, f"{POD}/terminationGracePeriodSeconds", 0),
        ],
        [(DEPLOYMENT, f"{CONTAINER}/env", [reading("GREETING")])],
        [(DEPLOYMENT, f"{CONTAINER}/env", [])],
        [(INGRESS, "spec/rules/0/host", "*.example.com"), (ROUTE, "spec/hostnames", ["*.a.b"])],
        [
            (DEPLOYMENT, f"{POD}/initContainers", [LASTING]),
            (SERVICE, "spec/ports/0/targetPort", "proxy"),
        ],
        [(DEPLOYMENT, f"{POD}/volumes/0/emptyDir", {"sizeLimit": "64Mi"})],
        [
            (DEPLOYMENT, f"{POD}/securityContext/sysctls", [{"name": SAFE, "value": "1024"}]),
            (DEPLOYMENT, f"{SECURITY}/appArmorProfile", {"type": "RuntimeDefault"}),
        ],
        [("service-account.yaml", "metadata", {"generateName": "shop-"})],
        [
            (
                "service-account.yaml",
                "metadata/annotations",
                {"A.com/Role": "any thing: at all"},
            )
        ],
    ],
)
def test_what_is_right_is_let_be(changes: list[tuple[str, str, Any]]) -> None:
    assert codes(broken(changes)) == set()


@pytest.mark.parametrize(
    ("kind", "name", "fine"),
    [
        ("ClusterRole", "system:auth-reader", True),
        ("RoleBinding", "a/b", False),
        ("CronJob", "a" * 52, True),
        ("CronJob", "a" * 53, False),
        ("ConfigMap", "a" * 74, True),
        ("ConfigMap", "a" * 254, False),
    ],
)
def test_a_kind_has_names_of_its_own(kind: str, name: str, fine: bool) -> None:
    document = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}}
    found = find_problems([Manifest("a.yaml", document)])
    assert ("K101" in {finding.code for finding in found}) is not fine


def test_the_longest_name_of_a_project_is_one_for_all_its_objects() -> None:
    alone = replace(EXAMPLE, name="a" * 63, app="a" * 63, processes=(), migration=None)
    assert codes(render_objects(alone)) == set()


def test_a_claims_size_needs_a_unit() -> None:
    spec = {"resources": {"requests": {"storage": "10GB"}}}
    claim = {"kind": "PersistentVolumeClaim", "metadata": {"name": "a"}, "spec": spec}
    stateful = {
        "kind": "StatefulSet",
        "metadata": {"name": "a"},
        "spec": {"volumeClaimTemplates": [{"metadata": {"name": "b"}, "spec": spec}]},
    }
    for document in (claim, stateful):
        found = find_problems([Manifest("a.yaml", document)])
        assert ("K203", True) in {(f.code, f.path.endswith("requests.storage")) for f in found}


def budget_for(kind: str, *others: dict[str, Any]) -> set[str]:
    """Return the codes of findings on a workload, a budget that keeps one pod, and others."""
    metadata, labels = {"name": "a"}, {"matchLabels": {"a": "b"}}
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {}}
    workload = {"kind": kind, "metadata": metadata, "spec": {"template": template}}
    spec = {"minAvailable": 1, "selector": labels}
    budget = {"kind": "PodDisruptionBudget", "metadata": metadata, "spec": spec}
    return codes({str(i): document for i, document in enumerate((workload, budget, *others))})


@pytest.mark.parametrize(("minimum", "code"), [(2, set()), (1, {"K412"}), (0, {"K412"})])
def test_a_budget_knows_how_many_pods_keda_keeps(minimum: int, code: set[str]) -> None:
    spec = {"scaleTargetRef": {"name": "a"}, "minReplicaCount": minimum}
    scaled = {"kind": "ScaledObject", "metadata": {"name": "a"}, "spec": spec}
    assert budget_for("Deployment", scaled) & {"K412"} == code


def test_a_budget_for_a_pod_on_each_node_may_keep_one() -> None:
    assert "K412" not in budget_for("DaemonSet")
    assert "K412" in budget_for("StatefulSet")


def test_a_tag_is_enough_unless_strictness_is_asked_for() -> None:
    digest = "registry.example.com/shop@sha256:" + "0" * 64
    pinned = json.loads(json.dumps(good()).replace(EXAMPLE.image, digest))
    assert codes(good()) == set()
    assert codes(good(), strict=True) == {"K202"}
    assert codes(pinned, strict=True) == set()


def test_every_rule_has_a_manifest_that_breaks_it() -> None:
    tried = {code for code, _ in BREAKS} | PAIRS.keys()
    assert tried == {rule.code for rule in RULES}


def test_codes_are_in_order_and_stand_once() -> None:
    found = [rule.code for rule in RULES]
    assert found == sorted(set(found))
    assert all(re.fullmatch(r"K\d{3}", code) for code in found)


def test_a_finding_says_where_and_what() -> None:
    objects = broken([(DEPLOYMENT, f"{CONTAINER}/livenessProbe/httpGet/port", "htpp")])
    manifests = [Manifest(file, document) for file, document in objects.items()]
    (finding,) = find_problems(manifests)
    assert str(finding) == (
        "deployment.yaml: K206 Deployment/shop "
        "spec.template.spec.containers[0].livenessProbe.httpGet.port: "
        "the container has no port named 'htpp'"
    )
