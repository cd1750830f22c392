"""Each rule: a manifest that breaks it, and breaks nothing else."""

from __future__ import annotations

import copy
import re
from dataclasses import replace
from typing import Any

import pytest

from ferryman.targets.k8s.reference import EXAMPLE, EXAMPLES
from ferryman.targets.k8s.rendering import render_objects
from ferryman.targets.k8s.rules.book import RULES, find_problems
from ferryman.targets.k8s.rules.rule import Manifest

Objects = dict[str, Any]

GONE = object()
"""A field, or a file, that is taken away."""


def good() -> Objects:
    """Return manifests with every kind, that break no rule."""
    fixed, scaled, knative = (render_objects(values) for values in EXAMPLES)
    return {
        **knative,
        **scaled,
        "http-route.yaml": fixed["http-route.yaml"],
        "knative-service.yaml": _renamed(knative["knative-service.yaml"]),
    }


def _renamed(document: Any) -> Any:
    changed = copy.deepcopy(document)
    changed["spec"]["template"]["metadata"]["labels"] = {"app.kubernetes.io/name": "other"}
    return changed


def put(objects: Objects, file: str, path: str, value: Any) -> None:
    """Set a field, a number in its path being the place in a list; or take it away."""
    *parents, last = [int(part) if part.isdigit() else part for part in path.split("/")]
    node = objects[file]
    for part in parents:
        node = node[part]
    if value is GONE:
        del node[last]
    elif isinstance(node, list) and last == len(node):
        node.append(value)
    else:
        node[last] = value


def codes(objects: Objects, *, strict: bool = False) -> set[str]:
    manifests = [Manifest(file, document) for file, document in objects.items()]
    return {finding.code for finding in find_problems(manifests, strict=strict)}


DEPLOYMENT = "deployment.yaml"
SERVICE = "service.yaml"
SCALER = "horizontal-pod-autoscaler.yaml"
BUDGET = "pod-disruption-budget.yaml"
POLICY = "network-policy.yaml"
ROUTE = "http-route.yaml"
INGRESS = "ingress.yaml"
MONITOR = "service-monitor.yaml"
POD = "spec/template/spec"
CONTAINER = f"{POD}/containers/0"
SECURITY = f"{CONTAINER}/securityContext"


def sleeping(*command: str) -> dict[str, Any]:
    """Return a hook that runs a command."""
    return {"exec": {"command": list(command)}}


def reading(key: str) -> dict[str, Any]:
    """Return a variable that is a key of the ConfigMap."""
    name = good()["config-map.yaml"]["metadata"]["name"]
    return {"name": "X", "valueFrom": {"configMapKeyRef": {"name": name, "key": key}}}


SAFE = "net.ipv4.ip_unprivileged_port_start"

# A container whose probe goes by the name of the first one's port.
SIDECAR = {
    "name": "side",
    "image": "side:1",
    "livenessProbe": {"httpGet": {"port": "http"}},
    "resources": {"requests": {"cpu": "1m"}},
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
}

BREAKS: list[tuple[str, list[tuple[str, str, Any]]]] = [
    ("K101", [("service-account.yaml", "metadata/name", "Shop")]),
    ("K101", [("config-map.yaml", "metadata/name", "a" * 254)]),
    ("K101", [(SCALER, "metadata/name", "")]),
    ("K102", [("service-account.yaml", "metadata/namespace", "a.b")]),
    ("K103", [("config-map.yaml", "metadata/labels", {"a/b/c": "d"})]),
    ("K103", [("config-map.yaml", "metadata/labels", {"a": "d e"})]),
    ("K103", [(DEPLOYMENT, "spec/template/metadata/labels/a", "-")]),
    ("K103", [("service-account.yaml", "metadata/annotations", {"a b": "c"})]),
    ("K103", [(DEPLOYMENT, "spec/template/metadata/annotations", {"A/b/c": "d"})]),
    ("K104", [(ROUTE, "apiVersion", "networking.k8s.io/v1"), (ROUTE, "kind", "NetworkPolicy")]),
    ("K105", [(DEPLOYMENT, f"{CONTAINER}/name", "Shop")]),
    ("K105", [(DEPLOYMENT, f"{POD}/containers/1", "same")]),
    ("K106", [(DEPLOYMENT, f"{CONTAINER}/ports/2", {"name": "1234", "containerPort": 1})]),
    ("K106", [(DEPLOYMENT, f"{CONTAINER}/ports/2", {"name": "http", "containerPort": 1})]),
    ("K107", [(DEPLOYMENT, f"{CONTAINER}/ports/0/containerPort", 70000)]),
    ("K107", [(SERVICE, "spec/ports/2", {"name": "x", "port": 0})]),
    ("K108", [(DEPLOYMENT, f"{CONTAINER}/env", [{"name": "A-B", "value": "1"}])]),
    ("K108", [(DEPLOYMENT, f"{CONTAINER}/env", [{"name": "A"}, {"name": "A"}])]),
    ("K109", [(DEPLOYMENT, f"{CONTAINER}/imagePullPolicy", "always")]),
    ("K109", [(INGRESS, "spec/rules/0/http/paths/0/pathType", "prefix")]),
    ("K109", [(SERVICE, "spec/type", "clusterip")]),
    ("K109", [(SERVICE, "spec/externalTrafficPolicy", "local")]),
    (
        "K109",
        [
            (DEPLOYMENT, "spec/strategy/type", "rolling"),
        ],
    ),
    ("K201", [(DEPLOYMENT, f"{CONTAINER}/image", "shop:latest")]),
    ("K201", [(DEPLOYMENT, f"{CONTAINER}/image", "shop")]),
    ("K203", [(DEPLOYMENT, f"{CONTAINER}/resources/requests/memory", "512")]),
    ("K203", [(DEPLOYMENT, f"{CONTAINER}/resources/requests/cpu", "a lot")]),
    ("K203", [(DEPLOYMENT, f"{CONTAINER}/resources/requests/cpu", "-1")]),
    (
        "K203",
        [
            (DEPLOYMENT, f"{CONTAINER}/resources/requests/cpu", 250),
            (DEPLOYMENT, f"{CONTAINER}/resources/limits/cpu", GONE),
        ],
    ),
    ("K203", [(DEPLOYMENT, f"{POD}/volumes/0/emptyDir/sizeLimit", "64")]),
    ("K203", [(DEPLOYMENT, f"{POD}/volumes/0/emptyDir/sizeLimit", "64MB")]),
    ("K204", [(DEPLOYMENT, f"{CONTAINER}/resources/requests/cpu", "1001m")]),
    ("K204", [(DEPLOYMENT, f"{CONTAINER}/resources/requests/memory", "1Gi")]),
    ("K205", [(DEPLOYMENT, f"{CONTAINER}/livenessProbe/exec", {"command": ["a"]})]),
    ("K205", [(DEPLOYMENT, f"{CONTAINER}/livenessProbe/httpGet", GONE)]),
    ("K206", [(DEPLOYMENT, f"{CONTAINER}/livenessProbe/httpGet/port", "htpp")]),
    ("K206", [(DEPLOYMENT, f"{CONTAINER}/lifecycle/preStop", {"httpGet": {"port": "htpp"}})]),
    ("K206", [(DEPLOYMENT, f"{POD}/containers/1", SIDECAR)]),
    ("K207", [(DEPLOYMENT, f"{CONTAINER}/livenessProbe/timeoutSeconds", 11)]),
    ("K207", [(DEPLOYMENT, f"{CONTAINER}/livenessProbe/successThreshold", 2)]),
    ("K207", [(DEPLOYMENT, f"{CONTAINER}/livenessProbe/initialDelaySeconds", -1)]),
    ("K208", [(DEPLOYMENT, f"{CONTAINER}/lifecycle/preStop", {})]),
    ("K209", [(DEPLOYMENT, f"{POD}/terminationGracePeriodSeconds", 5)]),
    ("K209", [(DEPLOYMENT, f"{CONTAINER}/lifecycle/preStop", sleeping("sleep", "50"))]),
    ("K209", [(DEPLOYMENT, f"{CONTAINER}/lifecycle/preStop", sleeping("sh", "-c", "sleep 50; a"))]),
    ("K210", [(DEPLOYMENT, f"{CONTAINER}/volumeMounts/0/name", "temp")]),
    ("K211", [(DEPLOYMENT, f"{CONTAINER}/volumeMounts/1", {"name": "tmp", "mountPath": "/tmp"})]),
    ("K212", [(DEPLOYMENT, f"{POD}/volumes/0/configMap", {"name": "a"})]),
    ("K212", [(DEPLOYMENT, f"{POD}/volumes/1", {"name": "tmp", "emptyDir": {}})]),
    ("K213", [(DEPLOYMENT, f"{CONTAINER}/env", [reading("GREETNG")])]),
    ("K301", [(DEPLOYMENT, f"{POD}/securityContext/runAsNonRoot", False)]),
    ("K301", [(DEPLOYMENT, f"{SECURITY}/runAsUser", 0)]),
    ("K302", [(DEPLOYMENT, f"{SECURITY}/allowPrivilegeEscalation", GONE)]),
    ("K302", [(DEPLOYMENT, f"{SECURITY}/privileged", True)]),
    ("K303", [(DEPLOYMENT, f"{SECURITY}/capabilities", {"drop": ["NET_RAW"]})]),
    ("K303", [(DEPLOYMENT, f"{SECURITY}/capabilities/add", ["SYS_ADMIN"])]),
    ("K304", [(DEPLOYMENT, f"{POD}/securityContext/seccompProfile", GONE)]),
    ("K305", [(DEPLOYMENT, f"{POD}/hostNetwork", True)]),
    ("K305", [(DEPLOYMENT, f"{POD}/volumes/1", {"name": "h", "hostPath": {"path": "/"}})]),
    ("K305", [(DEPLOYMENT, f"{CONTAINER}/ports/0/hostPort", 8000)]),
    ("K305", [(DEPLOYMENT, f"{CONTAINER}/livenessProbe/httpGet/host", "169.254.169.254")]),
    (
        "K306",
        [
            (DEPLOYMENT, f"{POD}/serviceAccountName", "default"),
            (DEPLOYMENT, f"{POD}/automountServiceAccountToken", GONE),
        ],
    ),
    ("K307", [(DEPLOYMENT, f"{SECURITY}/procMount", "Unmasked")]),
    ("K307", [(DEPLOYMENT, f"{SECURITY}/appArmorProfile", {"type": "Unconfined"})]),
    ("K307", [(DEPLOYMENT, f"{POD}/securityContext/seLinuxOptions", {"type": "spc_t"})]),
    (
        "K307",
        [
            (
                DEPLOYMENT,
                f"{POD}/securityContext/sysctls",
                [{"name": "kernel.msgmax", "value": "1"}],
            )
        ],
    ),
    (
        "K306",
        [
            (DEPLOYMENT, f"{POD}/serviceAccountName", GONE),
            (DEPLOYMENT, f"{POD}/automountServiceAccountToken", GONE),
        ],
    ),
    ("K401", [(DEPLOYMENT, "spec/selector/matchLabels/a", "b")]),
    ("K401", [(DEPLOYMENT, "spec/selector", {})]),
    ("K403", [(DEPLOYMENT, "spec/strategy/rollingUpdate/maxSurge", 0)]),
    ("K403", [(DEPLOYMENT, "spec/strategy/rollingUpdate/maxSurge", "0%")]),
    ("K403", [(DEPLOYMENT, "spec/strategy/type", "Recreate")]),
    ("K404", [(DEPLOYMENT, "spec/strategy/rollingUpdate/maxSurge", "some")]),
    ("K404", [(BUDGET, "spec/maxUnavailable", "1.5")]),
    ("K405", [(SCALER, "", GONE), (DEPLOYMENT, "spec/replicas", -1)]),
    ("K406", [(DEPLOYMENT, "spec/minReadySeconds", 600)]),
    (
        "K407",
        [
            (
                DEPLOYMENT,
                f"{POD}/topologySpreadConstraints/0/labelSelector",
                {"matchLabels": {"a": "b"}},
            )
        ],
    ),
    ("K411", [(BUDGET, "spec/selector/matchLabels/a", "b")]),
    (
        "K412",
        [(SCALER, "", GONE), (DEPLOYMENT, "spec/replicas", 2), (BUDGET, "spec/maxUnavailable", 0)],
    ),
    (
        "K412",
        [
            (SCALER, "", GONE),
            (DEPLOYMENT, "spec/replicas", 2),
            (BUDGET, "spec/maxUnavailable", GONE),
            (BUDGET, "spec/minAvailable", "100%"),
        ],
    ),
    ("K412", [(BUDGET, "spec/maxUnavailable", 0)]),
    (
        "K412",
        [(BUDGET, "spec/maxUnavailable", GONE), (BUDGET, "spec/minAvailable", 2)],
    ),
    ("K413", [(BUDGET, "spec/minAvailable", 1)]),
    ("K421", [(SCALER, "spec/scaleTargetRef/name", "shpo")]),
    ("K421", [(SCALER, "spec/scaleTargetRef/apiVersion", "extensions/v1beta1")]),
    ("K422", [(SCALER, "spec/minReplicas", 11)]),
    ("K422", [(SCALER, "spec/minReplicas", 0)]),
    ("K423", [(DEPLOYMENT, f"{CONTAINER}/resources/requests/cpu", GONE)]),
    ("K425", [(SCALER, "spec/metrics/0/resource/target/averageUtilization", 0)]),
    ("K424", [(DEPLOYMENT, "spec/replicas", 3)]),
    ("K501", [(SERVICE, "spec/selector/a", "b")]),
    ("K502", [(SERVICE, "spec/ports/0/targetPort", "htpp")]),
    ("K503", [(SERVICE, "spec/ports/2", {"name": "http", "port": 81})]),
    ("K503", [(SERVICE, "spec/ports/2", {"name": "more", "port": 80})]),
    ("K504", [(ROUTE, "spec/rules/0/backendRefs/0/name", "shpo")]),
    ("K504", [(ROUTE, "spec/rules/0/backendRefs/0/port", 8000)]),
    ("K504", [(INGRESS, "spec/rules/0/http/paths/0/backend/service/port/name", "web")]),
    ("K504", [(INGRESS, "spec/defaultBackend", {"service": {"name": "shpo"}})]),
    ("K509", [(INGRESS, "spec/rules/0/host", "Shop.example.com")]),
    ("K509", [(INGRESS, "spec/rules/0/host", "shop.example.com:443")]),
    ("K509", [(INGRESS, "spec/rules/0/http/paths/0/path", "cards")]),
    ("K509", [(ROUTE, "spec/hostnames", ["https://shop.example.com"])]),
    ("K509", [(ROUTE, "spec/rules/0/matches/0/path/value", "cards")]),
    ("K505", [(POLICY, "spec/podSelector/matchLabels/a", "b")]),
    ("K506", [(POLICY, "spec/ingress/0/ports/0/port", "htpp")]),
    ("K507", [(POLICY, "spec/egress/1/to/0/ipBlock/cidr", "10.0.0.1/8")]),
    ("K507", [(POLICY, "spec/egress/1/to/0/ipBlock/cidr", "10.0.0.1")]),
    ("K508", [(MONITOR, "spec/selector/matchLabels", {"a": "b"})]),
    ("K508", [(MONITOR, "spec/endpoints/0/port", "metric")]),
]


def broken(changes: list[tuple[str, str, Any]]) -> Objects:
    objects = copy.deepcopy(good())
    for file, path, value in changes:
        if value is GONE and not path:
            del objects[file]
        elif value == "same":  # a second container of the first one's name
            first = objects[file]["spec"]["template"]["spec"]["containers"][0]
            put(objects, file, path, copy.deepcopy(first))
        else:
            put(objects, file, path, value)
    return objects


def test_the_good_manifests_break_no_rule() -> None:
    assert codes(good()) == set()


@pytest.mark.parametrize(("code", "changes"), BREAKS)
def test_a_rule_is_broken_alone(code: str, changes: list[tuple[str, str, Any]]) -> None:
    assert codes(broken(changes)) == {code}


def test_two_workloads_of_the_same_pods_are_found() -> None:
    objects = good()
    other = copy.deepcopy(objects[DEPLOYMENT])
    other["metadata"]["name"] = "twin"
    assert codes({**objects, "twin.yaml": other}) == {"K402"}


def test_two_budgets_of_the_same_pods_are_found() -> None:
    objects = good()
    other = copy.deepcopy(objects[BUDGET])
    other["metadata"]["name"] = "twin"
    assert codes({**objects, "twin.yaml": other}) == {"K414"}


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
    assert codes(render_objects(replace(EXAMPLE, name="a" * 63))) == set()


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


def test_a_key_that_hides_another_is_found() -> None:
    manifests = [Manifest(file, document, ("env (line 3)",)) for file, document in good().items()]
    assert {finding.code for finding in find_problems(manifests)} == {"K110"}


def test_a_tag_is_enough_unless_strictness_is_asked_for() -> None:
    digest = "registry.example.com/shop@sha256:" + "0" * 64
    path = f"{CONTAINER}/image"
    pinned = broken([(DEPLOYMENT, path, digest), ("knative-service.yaml", path, digest)])
    assert codes(good()) == set()
    assert codes(good(), strict=True) == {"K202"}
    assert codes(pinned, strict=True) == set()


def test_every_rule_has_a_manifest_that_breaks_it() -> None:
    tried = {code for code, _ in BREAKS} | {"K110", "K202", "K402", "K414"}
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
