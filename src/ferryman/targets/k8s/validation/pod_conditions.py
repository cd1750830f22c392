"""Conditions on several fields of a pod, a ConfigMap or a Secret."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from ferryman.targets.k8s.rules.manifest_reader import quantity
from ferryman.targets.k8s.validation.field_forms import (
    base64_text,
    config_key,
    label_value,
    qualified_name,
)
from ferryman.targets.k8s.validation.walking import Node

__all__ = ("CONDITIONS", "Condition", "Wrong")

Wrong = tuple[str, str]
"""The path of a field, and what is wrong with it."""

Condition = Callable[[Node], Iterator[Wrong]]

_LASTING = (
    "apps.v1.DeploymentSpec",
    "apps.v1.ReplicaSetSpec",
    "apps.v1.DaemonSetSpec",
    "apps.v1.StatefulSetSpec",
)
_RESOURCES = ("cpu", "memory", "ephemeral-storage")


def _pod(node: Node) -> Iterator[Wrong]:
    spec = node.value
    owner = node.within(*_LASTING, "batch.v1.JobSpec")
    policy = spec.get("restartPolicy")
    if owner is not None and owner.type in _LASTING:
        if policy not in (None, "Always"):
            yield node.at("restartPolicy"), f"must be Always here, not {policy}"
        if "activeDeadlineSeconds" in spec:
            yield node.at("activeDeadlineSeconds"), "is only for Jobs and single pods"
    elif owner is not None and policy not in ("Never", "OnFailure"):
        yield node.at("restartPolicy"), "must be Never or OnFailure in a Job; the default is Always"
    if spec.get("dnsPolicy") == "None" and not (spec.get("dnsConfig") or {}).get("nameservers"):
        yield node.at("dnsConfig"), "must have nameservers if dnsPolicy is None"
    if spec.get("ephemeralContainers") and owner is not None:
        yield node.at("ephemeralContainers"), "cannot be part of a template"
    if spec.get("shareProcessNamespace") and spec.get("hostPID"):
        yield node.at("shareProcessNamespace"), "cannot be set together with hostPID"
    if spec.get("hostUsers") is False:
        for field in ("hostNetwork", "hostPID", "hostIPC"):
            if spec.get(field):
                yield node.at("hostUsers"), f"cannot be false together with {field}"
    gates: set[str] = set()
    for index, gate in enumerate(spec.get("schedulingGates") or ()):
        if (name := gate.get("name")) in gates:
            yield node.at("schedulingGates", index), f"{name!r} appears twice"
        gates.add(name)
    for key, value in (spec.get("nodeSelector") or {}).items():
        for wrong in filter(None, (qualified_name(key), label_value(str(value)))):
            yield node.at("nodeSelector"), f"{key}={value} {wrong}"


def _container(node: Node) -> Iterator[Wrong]:
    image = node.value.get("image")
    if isinstance(image, str) and image != image.strip():
        yield node.at("image"), "must not begin or end with a space"
    devices = {d.get("devicePath") for d in node.value.get("volumeDevices") or ()}
    for index, mount in enumerate(node.value.get("volumeMounts") or ()):
        if mount.get("mountPath") in devices:
            yield node.at("volumeMounts", index, "mountPath"), "is also a path of volumeDevices"
        if ":" in str(mount.get("mountPath", "")):
            yield node.at("volumeMounts", index, "mountPath"), "must not contain ':'"


def _container_resources(node: Node) -> Iterator[Wrong]:
    amounts: dict[str, Mapping[str, Any]] = {
        field: node.value.get(field) or {} for field in ("requests", "limits")
    }
    for field, resources in amounts.items():
        for name in resources:
            yield from _resource(node, field, str(name))
    requests, limits = amounts["requests"], amounts["limits"]
    for name in {*requests, *limits}:
        special = "/" in name or name.startswith("hugepages-")
        if special and name in requests and name not in limits:
            yield node.at("limits"), f"must have {name} like the requests"
        elif special and name in requests and not _equal(requests[name], limits[name]):
            message = f"{name} must equal the limit, because it cannot be overcommitted"
            yield node.at("requests"), message
    both = {*requests, *limits}
    if any(name.startswith("hugepages-") for name in both) and not both & {"cpu", "memory"}:
        yield node.path, "huge pages also need cpu or memory"


def _resource(node: Node, field: str, name: str) -> Iterator[Wrong]:
    if name in _RESOURCES or name.startswith("hugepages-"):
        return
    if node.within("core.v1.Container", "core.v1.EphemeralContainer") is None:
        return
    if "/" not in name:
        known = ", ".join(_RESOURCES)
        message = f"{name} is not a resource: {known}, or a name such as example.com/{name}"
        yield node.at(field), message
    elif wrong := qualified_name(name):
        yield node.at(field), f"{name} {wrong}"


def _equal(first: object, second: object) -> bool:
    try:
        return quantity(first) == quantity(second)
    except ValueError:
        return True  # K203 reports what is not a quantity


def _probe(node: Node) -> Iterator[Wrong]:
    if "terminationGracePeriodSeconds" in node.value and node.path.endswith("readinessProbe"):
        yield node.at("terminationGracePeriodSeconds"), "is only for liveness and startup probes"


def _port_reference(node: Node) -> Iterator[Wrong]:
    port = node.value.get("port")
    if isinstance(port, int) and not 1 <= port <= 65535:
        yield node.at("port"), f"{port} is not a port number from 1 to 65535"


def _sleep(node: Node) -> Iterator[Wrong]:
    seconds = node.value.get("seconds", 0)
    pod = node.within("core.v1.PodSpec")
    grace = pod.value.get("terminationGracePeriodSeconds", 30) if pod else 30
    if seconds < 0 or seconds > grace:
        yield node.at("seconds"), f"{seconds} is not between 0 and the grace period of {grace} s"


def _security(node: Node) -> Iterator[Wrong]:
    capabilities = node.value.get("capabilities") or {}
    added = {str(name).removeprefix("CAP_") for name in capabilities.get("add") or ()}
    if node.value.get("allowPrivilegeEscalation") is False:
        path = node.at("allowPrivilegeEscalation")
        if node.value.get("privileged"):
            yield path, "cannot be false together with privileged"
        if "SYS_ADMIN" in added:
            yield path, "cannot be false together with CAP_SYS_ADMIN"


def _local_profile(node: Node) -> Iterator[Wrong]:
    local, profile = node.value.get("type") == "Localhost", node.value.get("localhostProfile")
    if local and not profile:
        yield node.at("localhostProfile"), "must name a profile for the type Localhost"
    if profile and not local:
        yield node.at("localhostProfile"), "is only for the type Localhost"


def _toleration(node: Node) -> Iterator[Wrong]:
    key, operator = node.value.get("key"), node.value.get("operator", "Equal")
    if not key and operator != "Exists":
        yield node.at("operator"), "must be Exists if there is no key"
    if operator == "Exists" and node.value.get("value"):
        yield node.at("value"), "must be omitted for the operator Exists"
    if "tolerationSeconds" in node.value and node.value.get("effect") != "NoExecute":
        yield node.at("effect"), "must be NoExecute if tolerationSeconds is set"


def _spread(node: Node) -> Iterator[Wrong]:
    if "minDomains" in node.value and node.value.get("whenUnsatisfiable") != "DoNotSchedule":
        yield node.at("minDomains"), "is only for whenUnsatisfiable DoNotSchedule"
    if node.value.get("matchLabelKeys") and "labelSelector" not in node.value:
        yield node.at("matchLabelKeys"), "needs a labelSelector"


def _requirement(node: Node) -> Iterator[Wrong]:
    operator, values = node.value.get("operator"), node.value.get("values")
    if operator in ("In", "NotIn") and not values:
        yield node.at("values"), f"must name values for the operator {operator}"
    if operator in ("Exists", "DoesNotExist") and values:
        yield node.at("values"), f"must be omitted for the operator {operator}"
    if operator in ("Gt", "Lt") and len(values or ()) != 1:
        yield node.at("values"), f"must be one number for the operator {operator}"


def _affinity_terms(node: Node) -> Iterator[Wrong]:
    if not node.value.get("nodeSelectorTerms"):
        yield node.at("nodeSelectorTerms"), "must have a term"


def _volume(node: Node) -> Iterator[Wrong]:
    for source in ("configMap", "secret"):
        for index, item in enumerate((node.value.get(source) or {}).get("items") or ()):
            if not item.get("key"):
                yield node.at(source, "items", index, "key"), "must name a key"


def _config_map(node: Node) -> Iterator[Wrong]:
    plain, binary = node.value.get("data") or {}, node.value.get("binaryData") or {}
    for key in (*plain, *binary):
        if wrong := config_key(str(key)):
            yield node.at("data"), f"{key!r} {wrong}"
    for key in plain.keys() & binary.keys():
        yield node.at("binaryData"), f"{key!r} is also in data"
    yield from _base64(node, "binaryData", binary)


def _secret(node: Node) -> Iterator[Wrong]:
    encoded, plain = node.value.get("data") or {}, node.value.get("stringData") or {}
    for key in (*encoded, *plain):
        if wrong := config_key(str(key)):
            yield node.at("data"), f"{key!r} {wrong}"
    yield from _base64(node, "data", encoded)
    yield from _secret_type(node, encoded, plain)


def _secret_type(
    node: Node, encoded: Mapping[str, Any], plain: Mapping[str, Any]
) -> Iterator[Wrong]:
    needed = {
        "kubernetes.io/tls": ("tls.crt", "tls.key"),
        "kubernetes.io/dockerconfigjson": (".dockerconfigjson",),
        "kubernetes.io/dockercfg": (".dockercfg",),
        "kubernetes.io/ssh-auth": ("ssh-privatekey",),
    }.get(str(node.value.get("type")), ())
    for key in needed:
        if key not in encoded and key not in plain:
            yield node.at("data"), f"must have the key {key} for the type {node.value['type']}"
        if "docker" not in key:
            continue
        text = plain.get(key)
        with suppress(ValueError):
            text = text or base64.b64decode(str(encoded.get(key, "")))
        if text:
            try:
                json.loads(text)
            except ValueError:
                yield node.at("data"), f"{key} does not contain JSON"


def _base64(node: Node, field: str, data: Mapping[str, Any]) -> Iterator[Wrong]:
    for key, value in data.items():
        if isinstance(value, str) and (wrong := base64_text(value)):
            yield node.at(field), f"the value of {key!r} {wrong}"


CONDITIONS: Mapping[str, tuple[Condition, ...]] = {
    "core.v1.AppArmorProfile": (_local_profile,),
    "core.v1.Container": (_container,),
    "core.v1.HTTPGetAction": (_port_reference,),
    "core.v1.NodeSelector": (_affinity_terms,),
    "core.v1.NodeSelectorRequirement": (_requirement,),
    "core.v1.PodSpec": (_pod,),
    "core.v1.Probe": (_probe,),
    "core.v1.ResourceRequirements": (_container_resources,),
    "core.v1.SeccompProfile": (_local_profile,),
    "core.v1.SecurityContext": (_security,),
    "core.v1.SleepAction": (_sleep,),
    "core.v1.TCPSocketAction": (_port_reference,),
    "core.v1.Toleration": (_toleration,),
    "core.v1.TopologySpreadConstraint": (_spread,),
    "core.v1.Volume": (_volume,),
    "meta.v1.LabelSelectorRequirement": (_requirement,),
    "v1 ConfigMap": (_config_map,),
    "v1 Secret": (_secret,),
}
"""The conditions on each type."""
