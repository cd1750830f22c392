"""What must agree within the other kinds: workloads, autoscalers, traffic, claims and rights."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from ferryman.targets.k8s.rules.manifest_reader import quantity
from ferryman.targets.k8s.validation.field_forms import host, ip
from ferryman.targets.k8s.validation.pod_conditions import Condition, Wrong
from ferryman.targets.k8s.validation.walking import Node

__all__ = ("CONDITIONS",)

_DURATION = re.compile(r"([0-9]{1,5}(h|m|s|ms)){1,4}")
_UNITS = {"h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}


def _rolling(node: Node) -> Iterator[Wrong]:
    for field in ("maxSurge", "maxUnavailable"):
        yield from _share(node, field, most=field == "maxUnavailable")


def _share(node: Node, field: str, *, most: bool = True) -> Iterator[Wrong]:
    value = node.value.get(field)
    if isinstance(value, str) and not re.fullmatch(r"[0-9]+%", value):
        meant = f"; did you mean {value} without quotes, or {value}%?" if value.isdecimal() else ""
        yield node.at(field), f"{value!r} is neither a number of pods nor a share like 25%{meant}"
    elif isinstance(value, str) and most and len(value) < 9 and int(value[:-1]) > 100:
        yield node.at(field), f"{value} is more than all"


def _daemon_rolling(node: Node) -> Iterator[Wrong]:
    yield from _rolling(node)
    nothing = (0, "0%")
    if node.value.get("maxUnavailable", 1) in nothing and node.value.get("maxSurge", 0) in nothing:
        yield node.at("maxUnavailable"), "cannot be 0 where maxSurge is 0"


def _budget(node: Node) -> Iterator[Wrong]:
    yield from _share(node, "maxUnavailable")
    yield from _share(node, "minAvailable")


def _stateful(node: Node) -> Iterator[Wrong]:
    policy = node.value.get("podManagementPolicy")
    if policy not in (None, "OrderedReady", "Parallel"):
        yield node.at("podManagementPolicy"), f"{policy!r} is neither OrderedReady nor Parallel"


def _job(node: Node) -> Iterator[Wrong]:
    if node.value.get("completionMode") == "Indexed" and "completions" not in node.value:
        yield node.at("completions"), "must be set where completionMode is Indexed"


def _claim(node: Node) -> Iterator[Wrong]:
    modes = node.value.get("accessModes") or ()
    if "ReadWriteOncePod" in modes and len(modes) > 1:
        yield node.at("accessModes"), "ReadWriteOncePod goes with no other"
    asked = ((node.value.get("resources") or {}).get("requests") or {}).get("storage")
    if asked is None:
        yield node.at("resources", "requests", "storage"), "must say how much storage, such as 1Gi"
        return
    try:
        if quantity(asked) <= 0:
            yield node.at("resources", "requests", "storage"), "must be more than 0, such as 1Gi"
    except ValueError as error:
        yield node.at("resources", "requests", "storage"), f"{error}; write a size such as 1Gi"


_SOURCES = {
    "ContainerResource": "containerResource",
    "External": "external",
    "Object": "object",
    "Pods": "pods",
    "Resource": "resource",
}


def _metric(node: Node) -> Iterator[Wrong]:
    yield from _field_of_type(node, _SOURCES)


def _field_of_type(node: Node, fields: Mapping[str, str]) -> Iterator[Wrong]:
    """Yield the fields of other types, and the type's own where it is not set."""
    sort = node.value.get("type")
    wanted = fields.get(str(sort))
    for field in fields.values() if wanted else ():
        if field in node.value and field != wanted:
            yield node.at(field), f"does not belong to the type {sort}"
    if wanted and wanted not in node.value:
        yield node.at(wanted), f"must be set where the type is {sort}"


def _aim(node: Node) -> Iterator[Wrong]:
    aims = [f for f in ("averageUtilization", "averageValue", "value") if f in node.value]
    if not aims:
        yield node.path, "must have averageUtilization, averageValue or value"
    source = node.within(
        *("autoscaling.v2.ResourceMetricSource", "autoscaling.v2.ContainerResourceMetricSource")
    )
    if source is not None and len(aims) > 1:
        yield node.path, f"{' and '.join(aims)} are both set; one is the aim"


def _scaling(node: Node) -> Iterator[Wrong]:
    if node.value.get("policies") == []:
        yield node.at("policies"), "must have a policy, or be left out"


def _service(node: Node) -> Iterator[Wrong]:
    spec, sort = node.value, node.value.get("type", "ClusterIP")
    headless = spec.get("clusterIP") == "None"
    if not spec.get("ports") and sort != "ExternalName" and not headless:
        yield node.at("ports"), "must have a port"
    if sort == "ExternalName" and not spec.get("externalName"):
        yield node.at("externalName"), "must be set where the type is ExternalName"
    address = spec.get("clusterIP")
    if headless and sort in ("LoadBalancer", "NodePort"):
        yield node.at("clusterIP"), f"cannot be None for the type {sort}"
    elif address and not headless and (wrong := ip(str(address))):
        yield node.at("clusterIP"), f"{address!r} {wrong}"
    if sort != "LoadBalancer":
        for field in (
            "loadBalancerClass",
            "loadBalancerSourceRanges",
            "allocateLoadBalancerNodePorts",
        ):
            if spec.get(field):
                yield node.at(field), "is for the type LoadBalancer alone"
    outside = sort in ("LoadBalancer", "NodePort") or spec.get("externalIPs")
    if spec.get("externalTrafficPolicy") and not outside:
        yield node.at("externalTrafficPolicy"), "is for LoadBalancer and NodePort alone"
    for index, address in enumerate(spec.get("externalIPs") or ()):
        if wrong := ip(str(address)):
            yield node.at("externalIPs", index), f"{address!r} {wrong}"
    if len(spec.get("ports") or ()) > 1:
        for index, port in enumerate(spec["ports"]):
            if not port.get("name"):
                yield node.at("ports", index, "name"), "must be set where there are several ports"


def _service_port(node: Node) -> Iterator[Wrong]:
    service = node.within("core.v1.ServiceSpec")
    sort = service.value.get("type", "ClusterIP") if service else "ClusterIP"
    if node.value.get("nodePort") and sort not in ("LoadBalancer", "NodePort"):
        yield node.at("nodePort"), "is for the types NodePort and LoadBalancer alone"


def _ingress(node: Node) -> Iterator[Wrong]:
    if not node.value.get("rules") and "defaultBackend" not in node.value:
        yield node.path, "must have rules or a defaultBackend"


def _ingress_path(node: Node) -> Iterator[Wrong]:
    path, sort = str(node.value.get("path", "")), node.value.get("pathType")
    if sort in ("Exact", "Prefix"):
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
        yield node.at("endPort"), "needs a port that is a number"
    elif end < port:
        yield node.at("endPort"), f"{end} is less than the port {port}"


def _peer(node: Node) -> Iterator[Wrong]:
    others = [f for f in ("namespaceSelector", "podSelector") if f in node.value]
    if "ipBlock" in node.value and others:
        yield node.path, f"ipBlock and {others[0]} cannot both be set; write two peers"
    if not others and "ipBlock" not in node.value:
        yield node.path, "must name a peer: ipBlock, namespaceSelector or podSelector"


def _block(node: Node) -> Iterator[Wrong]:
    try:
        outer = ip_network(str(node.value.get("cidr")), strict=False)
    except ValueError:
        return  # a rule of its own tells
    for index, text in enumerate(node.value.get("except") or ()):
        try:
            inner = ip_network(str(text), strict=False)
        except ValueError:
            continue
        same = inner.version == outer.version
        if not same or inner.prefixlen <= outer.prefixlen or inner.network_address not in outer:
            yield node.at("except", index), f"{text} must be a part of {outer}, and less than it"


def _rule(node: Node) -> Iterator[Wrong]:
    if (
        node.value.get("nonResourceURLs")
        and node.parents
        and node.parents[0].type.endswith(" Role")
    ):
        yield node.at("nonResourceURLs"), "is for a ClusterRole alone"
    if not node.value.get("nonResourceURLs"):
        for field in ("apiGroups", "resources"):
            if not node.value.get(field):
                yield node.at(field), 'must name at least one; "" is the core group'


# The Gateway API's CRDs check these by CEL.
_FILTERS = {
    "CORS": "cors",
    "ExtensionRef": "extensionRef",
    "RequestHeaderModifier": "requestHeaderModifier",
    "RequestMirror": "requestMirror",
    "RequestRedirect": "requestRedirect",
    "ResponseHeaderModifier": "responseHeaderModifier",
    "URLRewrite": "urlRewrite",
}


def _filter(node: Node) -> Iterator[Wrong]:
    yield from _field_of_type(node, _FILTERS)


def _match(node: Node) -> Iterator[Wrong]:
    path = node.value.get("path") or {}
    text, sort = str(path.get("value", "/")), path.get("type", "PathPrefix")
    if sort in ("Exact", "PathPrefix"):
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
                yield node.at(field, index, "name"), f"{name!r} stands there twice"
            seen.add(name)


def _route_rule(node: Node) -> Iterator[Wrong]:
    times = node.value.get("timeouts") or {}
    spans = {name: _milliseconds(value) for name, value in times.items()}
    for name, span in spans.items():
        if span is None:
            yield (
                node.at("timeouts", name),
                f"{times[name]!r} is not a duration, such as 10s or 500ms",
            )
    whole, part = spans.get("request"), spans.get("backendRequest")
    if whole and part and part > whole:
        yield node.at("timeouts", "backendRequest"), "is longer than the request's"
    sorts = [item.get("type") for item in node.value.get("filters") or ()]
    if "RequestRedirect" in sorts and node.value.get("backendRefs"):
        yield node.at("backendRefs"), "cannot be set beside a RequestRedirect"
    if {"RequestRedirect", "URLRewrite"} <= set(sorts):
        yield node.at("filters"), "RequestRedirect and URLRewrite cannot both be there"
    for sort in (
        "RequestHeaderModifier",
        "ResponseHeaderModifier",
        "RequestRedirect",
        "URLRewrite",
        "CORS",
    ):
        if sorts.count(sort) > 1:
            yield node.at("filters"), f"{sort} stands there twice"


def _milliseconds(text: object) -> int | None:
    if not _DURATION.fullmatch(str(text)):
        return None
    found = re.findall(r"([0-9]+)(ms|h|m|s)", str(text))
    return int(sum(int(number) * _UNITS[unit] for number, unit in found))


def _mode(node: Node) -> Iterator[Wrong]:
    """Say what a decimal that was meant to be octal should have been."""
    for field in ("defaultMode", "mode"):
        value: Any = node.value.get(field)
        if isinstance(value, int) and 0o777 < value <= 777 and set(str(value)) <= set("01234567"):
            yield node.at(field), f"{value} is decimal; did you mean 0{value}, which is octal?"


CONDITIONS: Mapping[str, tuple[Condition, ...]] = {
    "apps.v1.RollingUpdateDaemonSet": (_daemon_rolling,),
    "apps.v1.RollingUpdateDeployment": (_rolling,),
    "apps.v1.RollingUpdateStatefulSetStrategy": (_rolling,),
    "apps.v1.StatefulSetSpec": (_stateful,),
    "autoscaling.v2.HPAScalingRules": (_scaling,),
    "autoscaling.v2.MetricSpec": (_metric,),
    "autoscaling.v2.MetricTarget": (_aim,),
    "batch.v1.JobSpec": (_job,),
    "core.v1.ConfigMapVolumeSource": (_mode,),
    "core.v1.KeyToPath": (_mode,),
    "core.v1.PersistentVolumeClaimSpec": (_claim,),
    "core.v1.ProjectedVolumeSource": (_mode,),
    "core.v1.SecretVolumeSource": (_mode,),
    "core.v1.ServicePort": (_service_port,),
    "core.v1.ServiceSpec": (_service,),
    "gateway.v1.Filter": (_filter,),
    "gateway.v1.Match": (_match,),
    "gateway.v1.Rule": (_route_rule,),
    "networking.v1.HTTPIngressPath": (_ingress_path,),
    "networking.v1.IPBlock": (_block,),
    "networking.v1.IngressSpec": (_ingress,),
    "networking.v1.IngressTLS": (_ingress_tls,),
    "networking.v1.NetworkPolicyPeer": (_peer,),
    "networking.v1.NetworkPolicyPort": (_policy_port,),
    "policy.v1.PodDisruptionBudgetSpec": (_budget,),
    "rbac.v1.PolicyRule": (_rule,),
}
"""The conditions on each type."""
