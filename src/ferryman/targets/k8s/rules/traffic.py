"""Rules about Services, routes, network policies and ServiceMonitors: K5xx."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

from ferryman.targets.k8s.rules.manifest_reader import (
    Manifest,
    ManifestSet,
    Pod,
    Problem,
    matches,
    port_names,
)
from ferryman.targets.k8s.rules.rule import Rule
from ferryman.targets.k8s.syntax import SUBDOMAIN

__all__ = ("RULES",)


def _services(manifests: ManifestSet) -> Iterator[tuple[Manifest, list[Pod]]]:
    """Yield each Service with a selector, and the pods that it selects."""
    for service in manifests.of_kind("Service"):
        if labels := service.spec.get("selector"):
            yield service, manifests.selected(service.namespace, {"matchLabels": labels})


def _service_selector(manifests: ManifestSet) -> Iterator[Problem]:
    for service, pods in _services(manifests):
        if not pods:
            yield service, "spec.selector", "it selects no pod of these manifests"


def _target_ports(manifests: ManifestSet) -> Iterator[Problem]:
    for service, pods in _services(manifests):
        for port in service.spec.get("ports") or ():
            target = port.get("targetPort")
            for pod in pods:
                if isinstance(target, str) and target not in port_names(pod):
                    subject = f"{pod.manifest.kind}/{pod.manifest.name}"
                    yield service, "spec.ports", f"{subject} has no port named {target!r}"


def _service_ports(manifests: ManifestSet) -> Iterator[Problem]:
    for service in manifests.of_kind("Service"):
        ports = service.spec.get("ports") or ()
        names = [port.get("name") for port in ports]
        numbers = [(port.get("port"), port.get("protocol", "TCP")) for port in ports]
        if len(ports) > 1 and not all(names):
            yield service, "spec.ports", "each of several ports needs a name"
        if len(set(names)) < len(names) or len(set(numbers)) < len(numbers):
            yield service, "spec.ports", "two ports have the same name or number"


def _backends(manifests: ManifestSet) -> Iterator[tuple[Manifest, str, str, object]]:
    """Yield each Service that a route leads to: the route, the path, the name, the port."""
    for route in manifests.of_kind("HTTPRoute"):
        for number, rule in enumerate(route.spec.get("rules") or ()):
            for reference in rule.get("backendRefs") or ():
                own = reference.get("namespace", route.namespace) == route.namespace
                if own and reference.get("kind", "Service") == "Service":
                    path = f"spec.rules[{number}].backendRefs"
                    yield route, path, str(reference.get("name")), reference.get("port")
    for ingress in manifests.of_kind("Ingress"):
        for number, backend in enumerate(_ingress_backends(ingress)):
            service = backend.get("service") or {}
            port = service.get("port") or {}
            wanted = port.get("name", port.get("number"))
            yield ingress, f"spec.rules[{number}]", str(service.get("name")), wanted


def _ingress_backends(ingress: Manifest) -> Iterator[dict[str, Any]]:
    if (backend := ingress.spec.get("defaultBackend") or {}).get("service"):
        yield backend
    for rule in ingress.spec.get("rules") or ():
        for path in (rule.get("http") or {}).get("paths") or ():
            if (backend := path.get("backend") or {}).get("service"):
                yield backend


def _routes(manifests: ManifestSet) -> Iterator[Problem]:
    for route, path, name, port in _backends(manifests):
        service = manifests.named("Service", name, route.namespace)
        if service is None:
            yield route, path, f"there is no Service/{name} in these manifests"
        elif port not in _names_and_numbers(service):
            yield route, path, f"Service/{name} has no port {port!r}"


def _names_and_numbers(service: Manifest) -> set[object]:
    ports = service.spec.get("ports") or ()
    return {port.get(field) for port in ports for field in ("name", "port")} - {None}


def _policies(manifests: ManifestSet) -> Iterator[tuple[Manifest, list[Pod]]]:
    """Yield each network policy with the pods that it selects."""
    for policy in manifests.of_kind("NetworkPolicy"):
        selector = policy.spec.get("podSelector") or {}
        yield policy, manifests.selected(policy.namespace, selector)


def _policy_selector(manifests: ManifestSet) -> Iterator[Problem]:
    for policy, pods in _policies(manifests):
        if policy.spec.get("podSelector") and not pods:
            yield policy, "spec.podSelector", "it selects no pod of these manifests"


def _policy_ports(manifests: ManifestSet) -> Iterator[Problem]:
    for policy, pods in _policies(manifests):
        names = {name for pod in pods for name in port_names(pod)}
        for rule in policy.spec.get("ingress") or ():
            for port in rule.get("ports") or ():
                name = port.get("port")
                if pods and isinstance(name, str) and name not in names:
                    yield policy, "spec.ingress", f"none of its pods has a port named {name!r}"


def _networks(manifests: ManifestSet) -> Iterator[Problem]:
    for policy in manifests.of_kind("NetworkPolicy"):
        for direction, peers in (("ingress", "from"), ("egress", "to")):
            for rule in policy.spec.get(direction) or ():
                for peer in rule.get(peers) or ():
                    block = peer.get("ipBlock") or {}
                    for network in filter(None, (block.get("cidr"), *(block.get("except") or ()))):
                        if not _is_network(network):
                            yield policy, f"spec.{direction}", f"{network!r} is not a network"


def _is_network(text: str) -> bool:
    try:
        ip_network(text)
    except ValueError:
        return False
    return "/" in text


def _monitors(manifests: ManifestSet) -> Iterator[Problem]:
    by_label: dict[tuple[str, str, str], list[Manifest]] = {}
    for service in manifests.of_kind("Service"):
        for key, value in (("", ""), *service.labels.items()):
            by_label.setdefault((service.namespace, key, str(value)), []).append(service)
    for monitor in manifests.of_kind("ServiceMonitor"):
        if "namespaceSelector" in monitor.spec:
            continue
        selector = monitor.spec.get("selector") or {}
        labels = (selector.get("matchLabels") or {}).items() or [("", "")]
        sets = (by_label.get((monitor.namespace, *label), []) for label in labels)
        services = [service for service in min(sets, key=len) if matches(selector, service.labels)]
        if not services:
            yield monitor, "spec.selector", "it selects no Service of these manifests"
        ports = {port for service in services for port in _names_and_numbers(service)}
        for endpoint in monitor.spec.get("endpoints") or ():
            name = endpoint.get("port")
            if services and name is not None and name not in ports:
                yield monitor, "spec.endpoints", f"none of its Services has a port named {name!r}"


def _addresses(manifests: ManifestSet) -> Iterator[Problem]:
    for route, place, host, paths in _hosts_and_paths(manifests):
        if host and not re.fullmatch(SUBDOMAIN, host.removeprefix("*.")):
            yield route, place, f"{host!r} is not a lower-case host name without a port"
        for path in paths:
            if not path.startswith("/"):
                yield route, place, f"the path {path!r} does not begin with /"


def _hosts_and_paths(manifests: ManifestSet) -> Iterator[tuple[Manifest, str, str, list[str]]]:
    """Yield the hosts and paths of routes: the route, the field, a host, the paths."""
    for ingress in manifests.of_kind("Ingress"):
        for number, rule in enumerate(ingress.spec.get("rules") or ()):
            paths = (rule.get("http") or {}).get("paths") or ()
            literal = [p.get("path", "") for p in paths if p.get("pathType") in ("Exact", "Prefix")]
            yield ingress, f"spec.rules[{number}]", rule.get("host", ""), literal
    for route in manifests.of_kind("HTTPRoute"):
        for number, rule in enumerate(route.spec.get("rules") or ()):
            paths = [match.get("path") or {} for match in rule.get("matches") or ()]
            literal = [p.get("value", "/") for p in paths if p.get("type") != "RegularExpression"]
            yield route, f"spec.rules[{number}]", "", literal
        for host in route.spec.get("hostnames") or ():
            yield route, "spec.hostnames", host, []


RULES = (
    Rule(
        "K501",
        "a Service selects pods of these manifests",
        "The cluster accepts any selector. A Service without pods refuses every connection.",
        _service_selector,
    ),
    Rule(
        "K502",
        "a Service's target port is a port of its pods",
        "The cluster accepts any name, but no connection reaches a pod.",
        _target_ports,
    ),
    Rule(
        "K503",
        "a Service's ports have unique names and numbers",
        "The cluster refuses the Service.",
        _service_ports,
    ),
    Rule(
        "K504",
        "a route leads to a Service of these manifests, and to one of its ports",
        "The cluster accepts any name, but the gateway answers 500 or 503.",
        _routes,
    ),
    Rule(
        "K505",
        "a network policy selects pods of these manifests",
        "The cluster accepts any selector. A policy for no pods restricts nothing.",
        _policy_selector,
    ),
    Rule(
        "K506",
        "a network policy names a port that its pods have",
        "The cluster accepts any name, but no connection reaches a pod.",
        _policy_ports,
    ),
    Rule(
        "K507",
        "a network is an address and a prefix length, without bits after the prefix",
        "The cluster refuses the policy, or applies it to another network than a reader expects.",
        _networks,
    ),
    Rule(
        "K508",
        "a ServiceMonitor selects a Service of these manifests, and one of its ports",
        "The cluster accepts any selector and any port. Prometheus then reads no metrics and "
        "reports no error.",
        _monitors,
    ),
    Rule(
        "K509",
        "a route's hosts are host names, and its paths begin with a slash",
        "The cluster refuses the route. A host has no port, no scheme and no upper-case letters.",
        _addresses,
    ),
)
