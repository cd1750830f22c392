"""An example of each rule, wrong and right: for the reference page, and for the tests that run it.

Each is a change of manifests that break no rule, so that what it was before is what is right.
"""

from __future__ import annotations

import copy
from typing import Any

from scripts.reference.manifests import EXAMPLE, EXAMPLES

from ferryman.targets.k8s.rendering import render_objects, to_yaml

__all__ = ("BREAKS", "GONE", "PAIRS", "broken", "example_of", "good", "put")

Objects = dict[str, Any]

GONE = object()
"""A field, or a file, that is taken away."""


def good() -> Objects:
    """Return manifests with every kind, that break no rule."""
    fixed, scaled, _, knative = (render_objects(values) for values in EXAMPLES)
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


TMP = {"name": "tmp", "mountPath": "/tmp"}  # noqa: S108 - in the container
SAFE = "net.ipv4.ip_unprivileged_port_start"

# A container whose probe goes by the name of the first one's port.
SIDECAR = {
    "name": "side",
    "image": "side:1",
    "livenessProbe": {"httpGet": {"port": "http"}},
    "resources": {"requests": {"cpu": "1m"}},
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
}

Changes = list[tuple[str, str, Any]]
"""The file, the path in it, and the value that is wrong."""

BREAKS: list[tuple[str, Changes]] = [
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
    ("K209", [(DEPLOYMENT, f"{CONTAINER}/lifecycle/preStop", sleeping("sleep", "60"))]),
    ("K209", [(DEPLOYMENT, f"{CONTAINER}/lifecycle/preStop", sleeping("sh", "-c", "sleep 60; a"))]),
    ("K210", [(DEPLOYMENT, f"{CONTAINER}/volumeMounts/0/name", "temp")]),
    ("K211", [(DEPLOYMENT, f"{CONTAINER}/volumeMounts/1", TMP)]),
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
    ("K407", [(DEPLOYMENT, f"{POD}/topologySpreadConstraints/0/labelSelector", GONE)]),
    ("K411", [(BUDGET, "spec/selector/matchLabels/a", "b")]),
    ("K411", [(BUDGET, "spec/selector", GONE)]),
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


TWIN = "twin.yaml"


def _twin(file: str, *changes: tuple[str, Any]) -> Changes:
    """Return the change that adds an object like one of ours, under another name."""
    objects = good()
    put(objects, file, "metadata/name", "twin")
    for path, value in changes:
        put(objects, file, path, value)
    return [(TWIN, "", objects[file])]


_IMAGE, _LABELS = f"{CONTAINER}/image", {"app.kubernetes.io/name": "twin"}
_WORKERS = {"app.kubernetes.io/name": "shop-worker", "app.kubernetes.io/instance": "shop"}
_SELECTOR = "spec/selector/matchLabels"

PAIRS: dict[str, tuple[Changes, Changes, list[tuple[str, str]]]] = {
    "K202": (
        [(DEPLOYMENT, _IMAGE, EXAMPLE.image)],
        [(DEPLOYMENT, _IMAGE, f"registry.example.com/shop@sha256:{'5' * 64}")],
        [(DEPLOYMENT, _IMAGE)],
    ),
    "K402": (
        _twin(DEPLOYMENT),
        _twin(
            DEPLOYMENT,
            (_SELECTOR, _LABELS),
            ("spec/template/metadata/labels", _LABELS),
            (f"{POD}/topologySpreadConstraints", []),
        ),
        [(DEPLOYMENT, _SELECTOR), (TWIN, _SELECTOR)],
    ),
    "K414": (
        _twin(BUDGET),
        _twin(BUDGET, (_SELECTOR, _WORKERS)),
        [(BUDGET, _SELECTOR), (TWIN, _SELECTOR)],
    ),
}
"""Of rules on several objects, and the strict ones: what is wrong, what is right, what shows it."""


def broken(changes: Changes) -> Objects:
    """Return the good manifests with changes made to them."""
    objects = copy.deepcopy(good())
    for file, path, value in changes:
        if value is GONE and not path:
            del objects[file]
        elif not path:
            objects[file] = value
        elif value == "same":  # a second container of the first one's name
            first = objects[file]["spec"]["template"]["spec"]["containers"][0]
            put(objects, file, path, copy.deepcopy(first))
        else:
            put(objects, file, path, value)
    return objects


def example_of(code: str) -> str:
    """Return the first example of a rule as Markdown, wrong and right."""
    if code in PAIRS:
        wrong_changes, right_changes, shown = PAIRS[code]
        before, after = broken(right_changes), broken(wrong_changes)
    else:
        changes = next(changes for known, changes in BREAKS if known == code)
        before, after = good(), broken(changes)
        shown = [(file, path) for file, path, _ in changes if path]
    wrong = [_shown(after, file, path) for file, path in shown]
    right = [_shown(before, file, path) for file, path in shown]
    return (
        "Wrong:\n\n```yaml\n" + "---\n".join(wrong) + "```\n\n"
        "Right:\n\n```yaml\n" + "---\n".join(right) + "```\n"
    )


def _shown(objects: Objects, file: str, path: str) -> str:
    """Return a field of an object with all that stands around it, as YAML."""
    document = objects[file]
    parts = [int(part) if part.isdigit() else part for part in path.split("/")]
    head = {"kind": document["kind"]} if parts[0] != "kind" else {}
    if parts == ["apiVersion"]:
        return to_yaml({"apiVersion": document["apiVersion"], **head})
    return to_yaml({**head, **_cut(document, parts)})


def _cut(node: Any, parts: list[int | str]) -> Any:
    if not parts:
        return node
    part, *rest = parts
    if isinstance(node, list):
        if not isinstance(part, int) or part >= len(node):
            return node
        item = _cut(node[part], rest)
        if rest and isinstance(item, dict) and isinstance(node[part], dict):
            named = {key: node[part][key] for key in ("name",) if key in node[part]}
            item = {**named, **item}
        return [item]
    below = node.get(part)
    if below is None:
        return {key: value for key, value in node.items() if not isinstance(value, dict | list)}
    return {part: _cut(below, rest)}
