"""Rules about Services, routes and network policies: K5xx."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from typing import Any

from ferryman.targets.k8s.rules.manifest_reader import (
    Pod,
    candidates,
    matches,
    named,
    port_names,
    selects,
)
from ferryman.targets.k8s.rules.rule import Manifest, Problem, Rule

__all__ = ("RULES",)

_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_HOST = rf"(?=.{{1,253}}\Z)(\*\.)?{_LABEL}(\.{_LABEL})*"


def _services(manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, list[Pod]]]:
    """Yield each Service that selects pods, with those of these manifests that it takes."""
    for manifest in manifests:
        selector = manifest.spec.get("selector")
        if manifest.kind == "Service" and selector:
            near = candidates(manifests, manifest.namespace, selector)
            yield manifest, [pod for pod in near if selects(manifest, selector, pod)]


def _selector(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for service, taken in _services(manifests):
        if not taken:
            yield service, "spec.selector", "it takes no pod of these manifests"


def _target_ports(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for service, taken in _services(manifests):
        for port in service.spec.get("ports") or ():
            target = port.get("targetPort")
            for pod in taken:
                if isinstance(target, str) and target not in port_names(pod):
                    message = (
                        f"{pod.manifest.kind}/{pod.manifest.name} has no port named {target!r}"
                    )
                    yield service, "spec.ports", message


def _service_ports(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest in manifests:
        ports = manifest.spec.get("ports") or () if manifest.kind == "Service" else ()
        names = [port.get("name") for port in ports]
        numbers = [(port.get("port"), port.get("protocol", "TCP")) for port in ports]
        if len(ports) > 1 and None in names:
            yield manifest, "spec.ports", "of several ports each needs a name"
        if len(set(names)) < len(names) or len(set(numbers)) < len(numbers):
            yield manifest, "spec.ports", "two ports have the same name or number"


def _backends(manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, str, str, object]]:
    """Yield each Service that a route leads to: the route, the path, the name, the port."""
    for manifest in manifests:
        if manifest.kind == "HTTPRoute":
            for number, rule in enumerate(manifest.spec.get("rules") or ()):
                for reference in rule.get("backendRefs") or ():
                    own = reference.get("namespace", manifest.namespace) == manifest.namespace
                    if own and reference.get("kind", "Service") == "Service":
                        path = f"spec.rules[{number}].backendRefs"
                        yield manifest, path, str(reference.get("name")), reference.get("port")
        elif manifest.kind == "Ingress":
            for number, backend in enumerate(_ingress_backends(manifest)):
                service = backend.get("service") or {}
                port = service.get("port") or {}
                wanted = port.get("name", port.get("number"))
                yield manifest, f"spec.rules[{number}]", str(service.get("name")), wanted


def _ingress_backends(ingress: Manifest) -> Iterator[dict[str, Any]]:
    if (backend := ingress.spec.get("defaultBackend") or {}).get("service"):
        yield backend
    for rule in ingress.spec.get("rules") or ():
        for path in (rule.get("http") or {}).get("paths") or ():
            if (backend := path.get("backend") or {}).get("service"):
                yield backend


def _routes(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest, path, name, port in _backends(manifests):
        found = named(manifests, "Service", name, manifest.namespace)
        if found is None:
            yield manifest, path, f"there is no Service/{name} in these manifests"
        elif port not in _offered(found):
            yield manifest, path, f"Service/{name} has no port {port!r}"


def _offered(service: Manifest) -> set[object]:
    ports = service.spec.get("ports") or ()
    return {port.get(field) for port in ports for field in ("name", "port")} - {None}


def _policies(manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, list[Pod]]]:
    for manifest in manifests:
        if manifest.kind == "NetworkPolicy":
            selector = manifest.spec.get("podSelector") or {}
            labels = selector.get("matchLabels") or {}
            near = candidates(manifests, manifest.namespace, labels)
            yield manifest, [pod for pod in near if matches(selector, pod.labels)]


def _policy_selector(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for policy, taken in _policies(manifests):
        if policy.spec.get("podSelector") and not taken:
            yield policy, "spec.podSelector", "it takes no pod of these manifests"


def _policy_ports(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for policy, taken in _policies(manifests):
        known = {name for pod in taken for name in port_names(pod)}
        for rule in policy.spec.get("ingress") or ():
            for port in rule.get("ports") or ():
                name = port.get("port")
                if taken and isinstance(name, str) and name not in known:
                    yield policy, "spec.ingress", f"none of its pods has a port named {name!r}"


def _networks(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for policy, _ in _policies(manifests):
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


def _monitored(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    services: dict[tuple[str, str, str], list[Manifest]] = {}
    for service in manifests:
        if service.kind == "Service":
            for key, value in (("", ""), *service.labels.items()):
                services.setdefault((service.namespace, key, str(value)), []).append(service)
    for monitor in manifests:
        if monitor.kind != "ServiceMonitor" or "namespaceSelector" in monitor.spec:
            continue
        selector = monitor.spec.get("selector") or {}
        wanted = (selector.get("matchLabels") or {}).items() or [("", "")]
        near = min((services.get((monitor.namespace, *pair), []) for pair in wanted), key=len)
        taken = [service for service in near if matches(selector, service.labels)]
        if not taken:
            yield monitor, "spec.selector", "it takes no Service of these manifests"
        offered = {name for service in taken for name in _offered(service)}
        for endpoint in monitor.spec.get("endpoints") or ():
            name = endpoint.get("port")
            if taken and name is not None and name not in offered:
                yield monitor, "spec.endpoints", f"none of its Services has a port named {name!r}"


def _addresses(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest in manifests:
        for place, host, paths in _asked(manifest):
            if host and not re.fullmatch(_HOST, host):
                yield (
                    manifest,
                    place,
                    f"{host!r} is not a host name; they are in lower case, no port",
                )
            for path in paths:
                if not path.startswith("/"):
                    yield manifest, place, f"the path {path!r} does not begin with /"


def _asked(manifest: Manifest) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the hosts and paths that a route takes: where they stand, a host, paths."""
    rules = manifest.spec.get("rules") or () if manifest.kind in ("Ingress", "HTTPRoute") else ()
    for number, rule in enumerate(rules):
        place = f"spec.rules[{number}]"
        if manifest.kind == "Ingress":
            found = (rule.get("http") or {}).get("paths") or ()
            exact = [p for p in found if p.get("pathType") in ("Exact", "Prefix")]
            yield place, rule.get("host", ""), [p.get("path", "") for p in exact]
        else:
            found = [match.get("path") or {} for match in rule.get("matches") or ()]
            exact = [p for p in found if p.get("type") != "RegularExpression"]
            yield place, "", [p.get("value", "/") for p in exact]
    if manifest.kind == "HTTPRoute":
        for host in manifest.spec.get("hostnames") or ():
            yield "spec.hostnames", host, []


RULES = (
    Rule(
        "K501",
        "a Service takes pods of these manifests",
        "The cluster takes any selector; a Service of no pods refuses every connection.",
        _selector,
    ),
    Rule(
        "K502",
        "a Service's target port is one that its pods have",
        "The cluster takes any name; nothing answers behind it.",
        _target_ports,
    ),
    Rule(
        "K503",
        "a Service's ports have names and numbers of their own",
        "The cluster refuses the Service.",
        _service_ports,
    ),
    Rule(
        "K504",
        "a route leads to a Service of these manifests, and to a port of it",
        "The cluster takes any name; the gateway answers 500 or 503.",
        _routes,
    ),
    Rule(
        "K505",
        "a network policy takes pods of these manifests",
        "The cluster takes any selector; a policy for no pods limits nothing.",
        _policy_selector,
    ),
    Rule(
        "K506",
        "a network policy names a port that its pods have",
        "The cluster takes any name; nothing reaches the pods.",
        _policy_ports,
    ),
    Rule(
        "K507",
        "a network is an address and a prefix, with no bit set behind it",
        "The cluster refuses the policy, or takes a network that is another than it reads.",
        _networks,
    ),
    Rule(
        "K508",
        "a ServiceMonitor takes a Service of these manifests, and a port of it",
        "The cluster takes any selector and any name; Prometheus then reads nothing and says "
        "nothing.",
        _monitored,
    ),
    Rule(
        "K509",
        "a route's hosts are host names, and its paths begin with a slash",
        "The cluster refuses the route. A host has no port, no scheme and no upper case.",
        _addresses,
    ),
)
