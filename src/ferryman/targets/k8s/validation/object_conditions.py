"""Conditions on several fields of workloads, autoscalers, Services, routes, claims and Roles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import partial
from ipaddress import ip_network
from typing import Any

from ferryman.targets.k8s.rules.manifest_reader import quantity
from ferryman.targets.k8s.validation.field_forms import host, ip
from ferryman.targets.k8s.validation.pod_conditions import Condition, Wrong
from ferryman.targets.k8s.validation.walking import Node

__all__ = ("CONDITIONS",)

_DURATION = re.compile(r"([0-9]{1,5}(h|m|s|ms)){1,4}")
_UNITS = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}


def _shares(node: Node) -> Iterator[Wrong]:
    """Yield numbers of pods that are neither a whole number nor a percentage."""
    for field in ("maxSurge", "maxUnavailable", "minAvailable"):
        value = node.value.get(field)
        if not isinstance(value, str):
            continue
        if not re.fullmatch(r"[0-9]+%", value):
            meant = f"{value} without quotes, or {value}%"
            hint = f"; did you mean {meant}?" if value.isdecimal() else ""
            message = f"{value!r} is neither a number of pods nor a percentage such as 25%{hint}"
            yield node.at(field), message
        elif field != "maxSurge" and len(value) < 9 and int(value[:-1]) > 100:
            yield node.at(field), f"{value} is more than 100%"


def _daemon_rolling(node: Node) -> Iterator[Wrong]:
    nothing = (0, "0%")
    if node.value.get("maxUnavailable", 1) in nothing and node.value.get("maxSurge", 0) in nothing:
        yield node.at("maxUnavailable"), "cannot be 0 if maxSurge is 0"


def _stateful(node: Node) -> Iterator[Wrong]:
    policy = node.value.get("podManagementPolicy")
    if policy not in (None, "OrderedReady", "Parallel"):
        yield node.at("podManagementPolicy"), f"{policy!r} is neither OrderedReady nor Parallel"


def _job(node: Node) -> Iterator[Wrong]:
    if node.value.get("completionMode") == "Indexed" and "completions" not in node.value:
        yield node.at("completions"), "must be set if completionMode is Indexed"


def _claim(node: Node) -> Iterator[Wrong]:
    modes = node.value.get("accessModes") or ()
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        yield node.at("accessModes"), "ReadWriteOncePod excludes all other modes"
    path = node.at("resources", "requests", "storage")
    storage = ((node.value.get("resources") or {}).get("requests") or {}).get("storage")
    if storage is None:
        yield path, "must be set to a size, such as 1Gi"
        return
    try:
        if quantity(storage) <= 0:
            yield path, "must be more than 0, such as 1Gi"
    except ValueError as error:
        yield path, f"{error}; write a size such as 1Gi"


_SOURCES = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}


# The Gateway API's CRDs check the filters and matches by CEL.
_FILTERS = {
    "CORS": "cors",
    "ExtensionRef": "extensionRef",
    "RequestHeaderModifier": "requestHeaderModifier",
    "RequestMirror": "requestMirror",
    "RequestRedirect": "requestRedirect",
    "ResponseHeaderModifier": "responseHeaderModifier",
    "URLRewrite": "urlRewrite",
}


def _field_of_type(fields: Mapping[str, str], node: Node) -> Iterator[Wrong]:
    """Yield fields that belong to another type than the node's, and the type's own if missing."""
    type_ = node.value.get("type")
    own = fields.get(str(type_))
    if own is None:
        return
    for field in fields.values():
        if field in node.value and field != own:
            yield node.at(field), f"does not belong to the type {type_}"
    if own not in node.value:
        yield node.at(own), f"must be set for the type {type_}"


def _metric_target(node: Node) -> Iterator[Wrong]:
    given = [f for f in ("averageUtilization", "averageValue", "value") if f in node.value]
    if not given:
        yield node.path, "must have averageUtilization, averageValue or value"
    source = node.within(
        *("autoscaling.v2.ResourceMetricSource", "autoscaling.v2.ContainerResourceMetricSource")
    )
    if source is not None and len(given) > 1:
        yield node.path, f"{' and '.join(given)} are both set; set only one"


def _scaling(node: Node) -> Iterator[Wrong]:
    if node.value.get("policies") == []:
        yield node.at("policies"), "must have a policy, or be omitted"


def _service(node: Node) -> Iterator[Wrong]:
    spec, type_ = node.value, node.value.get("type", "ClusterIP")
    headless = spec.get("clusterIP") == "None"
    if not spec.get("ports") and type_ != "ExternalName" and not headless:
        yield node.at("ports"), "must have a port"
    if type_ == "ExternalName" and not spec.get("externalName"):
        yield node.at("externalName"), "must be set for the type ExternalName"
    address = spec.get("clusterIP")
    if headless and type_ in ("LoadBalancer", "NodePort"):
        yield node.at("clusterIP"), f"cannot be None for the type {type_}"
    elif address and not headless and (wrong := ip(str(address))):
        yield node.at("clusterIP"), f"{address!r} {wrong}"
    if type_ != "LoadBalancer":
        for field in (
            "loadBalancerClass",
            "loadBalancerSourceRanges",
            "allocateLoadBalancerNodePorts",
        ):
            if spec.get(field):
                yield node.at(field), "is only for the type LoadBalancer"
    external = type_ in ("LoadBalancer", "NodePort") or spec.get("externalIPs")
    if spec.get("externalTrafficPolicy") and not external:
        yield node.at("externalTrafficPolicy"), "is only for the types LoadBalancer and NodePort"
    for index, address in enumerate(spec.get("externalIPs") or ()):
        if wrong := ip(str(address)):
            yield node.at("externalIPs", index), f"{address!r} {wrong}"


def _service_port(node: Node) -> Iterator[Wrong]:
    service = node.within("core.v1.ServiceSpec")
    type_ = service.value.get("type", "ClusterIP") if service else "ClusterIP"
    if node.value.get("nodePort") and type_ not in ("LoadBalancer", "NodePort"):
        yield node.at("nodePort"), "is only for the types NodePort and LoadBalancer"


def _ingress(node: Node) -> Iterator[Wrong]:
    if not node.value.get("rules") and "defaultBackend" not in node.value:
        yield node.path, "must have rules or a defaultBackend"


def _ingress_path(node: Node) -> Iterator[Wrong]:
    path = str(node.value.get("path", ""))
    if node.value.get("pathType") in ("Exact", "Prefix"):
        for bad in ("//", "/./", "/../", "%2f", "%2F"):
            if bad in path:
                yield node.at("path"), f"must not contain '{bad}'"


def _ingress_tls(node: Node) -> Iterator[Wrong]:
    for index, name in enumerate(node.value.get("hosts") or ()):
        if wrong := host(str(name)):
            yield node.at("hosts", index), f"{name!r} {wrong}"


def _policy_port(node: Node) -> Iterator[Wrong]:
    port, end = node.value.get("port"), node.value.get("endPort")
    if end is None:
        return
    if not isinstance(port, int):
        yield node.at("endPort"), "needs a numeric port"
    elif end < port:
        yield node.at("endPort"), f"{end} is less than the port {port}"


def _peer(node: Node) -> Iterator[Wrong]:
    others = [f for f in ("namespaceSelector", "podSelector") if f in node.value]
    if "ipBlock" in node.value and others:
        yield node.path, f"ipBlock and {others[0]} cannot both be set; write two peers"
    if not others and "ipBlock" not in node.value:
        yield node.path, "must have an ipBlock, a namespaceSelector or a podSelector"


def _block(node: Node) -> Iterator[Wrong]:
    try:
        outer = ip_network(str(node.value.get("cidr")), strict=False)
    except ValueError:
        return  # K507 reports it
    for index, text in enumerate(node.value.get("except") or ()):
        try:
            inner = ip_network(str(text), strict=False)
        except ValueError:
            continue
        same = inner.version == outer.version
        if not same or inner.prefixlen <= outer.prefixlen or inner.network_address not in outer:
            yield node.at("except", index), f"{text} must be a proper part of {outer}"


def _rule(node: Node) -> Iterator[Wrong]:
    if node.value.get("nonResourceURLs"):
        if node.parents and node.parents[0].type.endswith(" Role"):
            yield node.at("nonResourceURLs"), "is only for a ClusterRole"
    else:
        for field in ("apiGroups", "resources"):
            if not node.value.get(field):
                yield node.at(field), 'must name at least one; "" is the core group'


def _match(node: Node) -> Iterator[Wrong]:
    path = node.value.get("path") or {}
    text = str(path.get("value", "/"))
    if path.get("type", "PathPrefix") in ("Exact", "PathPrefix"):
        for bad in ("//", "/./", "/../", "%2f", "%2F", "#"):
            if bad in text:
                yield node.at("path", "value"), f"must not contain '{bad}'"
        for end in ("/.", "/.."):
            if text.endswith(end):
                yield node.at("path", "value"), f"must not end in '{end}'"
    for field in ("headers", "queryParams"):
        seen: set[str] = set()
        for index, item in enumerate(node.value.get(field) or ()):
            name = str(item.get("name", ""))
            name = name.lower() if field == "headers" else name
            if name in seen:
                yield node.at(field, index, "name"), f"{name!r} appears twice"
            seen.add(name)


def _route_rule(node: Node) -> Iterator[Wrong]:
    timeouts = node.value.get("timeouts") or {}
    spans = {name: _milliseconds(value) for name, value in timeouts.items()}
    for name, span in spans.items():
        if span is None:
            message = f"{timeouts[name]!r} is not a duration such as 10s or 500ms"
            yield node.at("timeouts", name), message
    request, backend = spans.get("request"), spans.get("backendRequest")
    if request and backend and backend > request:
        yield node.at("timeouts", "backendRequest"), "is longer than the request's"
    filters = [item.get("type") for item in node.value.get("filters") or ()]
    if "RequestRedirect" in filters and node.value.get("backendRefs"):
        yield node.at("backendRefs"), "cannot be set together with a RequestRedirect"
    if {"RequestRedirect", "URLRewrite"} <= set(filters):
        yield node.at("filters"), "RequestRedirect and URLRewrite exclude each other"
    for filter_ in sorted(_FILTERS.keys() - {"ExtensionRef", "RequestMirror"}):
        if filters.count(filter_) > 1:
            yield node.at("filters"), f"{filter_} appears twice"


def _milliseconds(text: object) -> int | None:
    if not _DURATION.fullmatch(str(text)):
        return None
    found = re.findall(r"([0-9]+)(ms|h|m|s)", str(text))
    return int(sum(int(number) * _UNITS[unit] for number, unit in found))


def _mode(node: Node) -> Iterator[Wrong]:
    """Yield file modes in decimal that are probably meant to be octal."""
    for field in ("defaultMode", "mode"):
        value: Any = node.value.get(field)
        if isinstance(value, int) and 0o777 < value <= 777 and set(str(value)) <= set("01234567"):
            yield node.at(field), f"{value} is decimal; did you mean 0{value}, which is octal?"


CONDITIONS: Mapping[str, tuple[Condition, ...]] = {
    "apps.v1.RollingUpdateDaemonSet": (_shares, _daemon_rolling),
    "apps.v1.RollingUpdateDeployment": (_shares,),
    "apps.v1.RollingUpdateStatefulSetStrategy": (_shares,),
    "apps.v1.StatefulSetSpec": (_stateful,),
    "autoscaling.v2.HPAScalingRules": (_scaling,),
    "autoscaling.v2.MetricSpec": (partial(_field_of_type, _SOURCES),),
    "autoscaling.v2.MetricTarget": (_metric_target,),
    "batch.v1.JobSpec": (_job,),
    "core.v1.ConfigMapVolumeSource": (_mode,),
    "core.v1.KeyToPath": (_mode,),
    "core.v1.PersistentVolumeClaimSpec": (_claim,),
    "core.v1.ProjectedVolumeSource": (_mode,),
    "core.v1.SecretVolumeSource": (_mode,),
    "core.v1.ServicePort": (_service_port,),
    "core.v1.ServiceSpec": (_service,),
    "gateway.v1.Filter": (partial(_field_of_type, _FILTERS),),
    "gateway.v1.Match": (_match,),
    "gateway.v1.Rule": (_route_rule,),
    "networking.v1.HTTPIngressPath": (_ingress_path,),
    "networking.v1.IPBlock": (_block,),
    "networking.v1.IngressSpec": (_ingress,),
    "networking.v1.IngressTLS": (_ingress_tls,),
    "networking.v1.NetworkPolicyPeer": (_peer,),
    "networking.v1.NetworkPolicyPort": (_policy_port,),
    "policy.v1.PodDisruptionBudgetSpec": (_shares,),
    "rbac.v1.PolicyRule": (_rule,),
}
"""The conditions on each type."""
