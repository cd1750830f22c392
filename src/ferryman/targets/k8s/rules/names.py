"""Rules about names, labels, ports and variables: K1xx."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ferryman.targets.k8s.rules.manifest_reader import containers, pods
from ferryman.targets.k8s.rules.rule import Manifest, Problem, Rule

__all__ = ("RULES",)

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
# Kubernetes counts the characters of the whole alone, and not those between two dots.
_PART = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_SUBDOMAIN = rf"(?=.{{1,253}}\Z){_PART}(\.{_PART})*"
_SEGMENT = r"(?!\.{1,2}\Z)[^/%]+"
_SERVICE = r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
_PREFIX = rf"(?=[^/]{{1,253}}/){_PART}(\.{_PART})*/"
_LABEL_KEY = rf"({_PREFIX})?[A-Za-z0-9]([A-Za-z0-9_.-]{{0,61}}[A-Za-z0-9])?"
_LABEL_VALUE = r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?"
_PORT_NAME = r"(?=.{1,15}\Z)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*"
_VARIABLE = r"[A-Za-z_][A-Za-z0-9_]*"


def _object_names(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest in manifests:
        named = manifest.name or not manifest.metadata.get("generateName")
        if named and not re.fullmatch(_pattern(manifest.kind), manifest.name):
            yield manifest, "metadata.name", f"{manifest.name!r} is not a name that it may have"


def _pattern(kind: str) -> str:
    if kind in ("Service", "Knative"):
        return _SERVICE
    if kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"):
        return _SEGMENT
    return rf"(?=.{{1,52}}\Z){_SUBDOMAIN}" if kind == "CronJob" else _SUBDOMAIN


def _namespaces(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest in manifests:
        if manifest.namespace and not re.fullmatch(_LABEL, manifest.namespace):
            yield manifest, "metadata.namespace", f"{manifest.namespace!r} is not a DNS label"


def _labels(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    described = [(manifest, "metadata", manifest.metadata) for manifest in manifests]
    described += [
        (pod.manifest, f"{pod.path}metadata", dict(pod.metadata))
        for pod in pods(manifests)
        if pod.path
    ]
    for manifest, path, metadata in described:
        for key, value in (metadata.get("labels") or {}).items():
            if not re.fullmatch(_LABEL_KEY, str(key)):
                yield manifest, f"{path}.labels", f"{key!r} is not a key of a label"
            elif not re.fullmatch(_LABEL_VALUE, str(value)):
                yield manifest, f"{path}.labels", f"{value!r} is not a value of a label"
        for key in metadata.get("annotations") or {}:
            # Of an annotation's key letter case does not count, anywhere.
            if not re.fullmatch(_LABEL_KEY, str(key), re.IGNORECASE):
                yield manifest, f"{path}.annotations", f"{key!r} is not a key of an annotation"


def _twice(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    seen: dict[tuple[str, ...], Manifest] = {}
    for manifest in manifests:
        version = str(manifest.document.get("apiVersion", ""))
        key = (version, manifest.kind, manifest.namespace, manifest.name)
        if (first := seen.setdefault(key, manifest)) is not manifest:
            yield manifest, "metadata.name", f"{first.file} has an object of the same kind and name"


def _container_names(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    seen: set[tuple[int, str]] = set()
    for container in containers(manifests):
        name = str(container.fields.get("name", ""))
        key = (id(container.pod.spec), name)
        if not re.fullmatch(_LABEL, name):
            yield container.pod.manifest, f"{container.path}.name", f"{name!r} is not a DNS label"
        elif key in seen:
            yield container.pod.manifest, f"{container.path}.name", f"{name!r} is there twice"
        seen.add(key)


def _port_names(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for container in containers(manifests):
        names = [p["name"] for p in container.fields.get("ports") or () if "name" in p]
        place = f"{container.path}.ports"
        for name in names:
            if not re.fullmatch(_PORT_NAME, str(name)):
                yield container.pod.manifest, place, f"{name!r} is not a name of a port"
        if len(set(names)) < len(names):
            yield container.pod.manifest, place, "two ports have the same name"


def _port_numbers(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    found = [
        (container.pod.manifest, f"{container.path}.ports", port.get("containerPort"))
        for container in containers(manifests)
        for port in container.fields.get("ports") or ()
    ]
    found += [
        (manifest, "spec.ports", port.get("port"))
        for manifest in manifests
        if manifest.kind == "Service"
        for port in manifest.spec.get("ports") or ()
    ]
    for manifest, path, number in found:
        if not isinstance(number, int) or not 1 <= number <= 65535:
            yield manifest, path, f"{number} is not a port; they go from 1 to 65535"


def _variables(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for container in containers(manifests):
        names = [str(v.get("name", "")) for v in container.fields.get("env") or ()]
        for name in names:
            if not re.fullmatch(_VARIABLE, name):
                place = f"{container.path}.env"
                yield container.pod.manifest, place, f"no shell could set {name!r}"
        if len(set(names)) < len(names):
            yield container.pod.manifest, f"{container.path}.env", "a variable is there twice"


RULES = (
    Rule(
        "K101",
        "an object has a name that its kind may have",
        "The cluster refuses the object. A Service's name begins with a letter and has no dot "
        "(RFC 1035), other names may (RFC 1123); a CronJob's has at most 52 characters, for its "
        "jobs add to it.",
        _object_names,
    ),
    Rule("K102", "a namespace is a DNS label", "The cluster refuses the object.", _namespaces),
    Rule(
        "K103",
        "labels have keys and values that labels can have, and annotations such keys",
        "The cluster refuses the object: at most 63 letters, digits, `-`, `_` and `.`, a letter "
        "or digit at both ends; a key may have a DNS name and a slash before it.",
        _labels,
    ),
    Rule(
        "K104",
        "an object is there once",
        "Of two manifests for one object the later wins, and their order is arbitrary.",
        _twice,
    ),
    Rule(
        "K105",
        "a container's name is a DNS label, and its own in the pod",
        "The cluster refuses the pod.",
        _container_names,
    ),
    Rule(
        "K106",
        "a port's name has at most 15 letters, digits and `-`, and its container no other of it",
        "The cluster refuses the pod; a name that stands twice leads to one of the two.",
        _port_names,
    ),
    Rule("K107", "ports go from 1 to 65535", "The cluster refuses the object.", _port_numbers),
    Rule(
        "K108",
        "environment variables have names that a shell could set, each once",
        "Of two the later wins in silence; other names reach no shell script of the image.",
        _variables,
    ),
)
