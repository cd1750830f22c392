"""Rules about names, labels, ports and environment variables: K1xx."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ferryman.targets.k8s.rules.manifest_reader import ManifestSet, Problem
from ferryman.targets.k8s.rules.rule import Rule
from ferryman.targets.k8s.syntax import (
    DNS_LABEL,
    LABEL_VALUE,
    QUALIFIED_NAME,
    SUBDOMAIN,
    VARIABLE,
)

__all__ = ("RULES",)

_SEGMENT = r"(?!\.{1,2}\Z)[^/%]+"
_SERVICE = r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?"
_PORT_NAME = r"(?=.{1,15}\Z)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*"


def _object_names(manifests: ManifestSet) -> Iterator[Problem]:
    for manifest in manifests:
        has_name = manifest.name or not manifest.metadata.get("generateName")
        if has_name and not re.fullmatch(_pattern(manifest.kind), manifest.name):
            yield manifest, "metadata.name", f"{manifest.name!r} is not a valid name for this kind"


def _pattern(kind: str) -> str:
    if kind in ("Service", "Knative"):
        return _SERVICE
    if kind in ("Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"):
        return _SEGMENT
    return rf"(?=.{{1,52}}\Z){SUBDOMAIN}" if kind == "CronJob" else SUBDOMAIN


def _namespaces(manifests: ManifestSet) -> Iterator[Problem]:
    for manifest in manifests:
        if manifest.namespace and not re.fullmatch(DNS_LABEL, manifest.namespace):
            yield manifest, "metadata.namespace", f"{manifest.namespace!r} is not a DNS label"


def _labels(manifests: ManifestSet) -> Iterator[Problem]:
    templates = [pod for pod in manifests.pods if pod.path]
    for manifest, path, metadata in (
        *((manifest, "metadata", manifest.metadata) for manifest in manifests),
        *((pod.manifest, f"{pod.path}metadata", pod.metadata) for pod in templates),
    ):
        for key, value in (metadata.get("labels") or {}).items():
            if not re.fullmatch(QUALIFIED_NAME, str(key)):
                yield manifest, f"{path}.labels", f"{key!r} is not a valid label key"
            elif not re.fullmatch(LABEL_VALUE, str(value)):
                yield manifest, f"{path}.labels", f"{value!r} is not a valid label value"
        for key in metadata.get("annotations") or {}:
            # Kubernetes ignores the case of an annotation's key.
            if not re.fullmatch(QUALIFIED_NAME, str(key), re.IGNORECASE):
                yield manifest, f"{path}.annotations", f"{key!r} is not a valid annotation key"


def _unique_objects(manifests: ManifestSet) -> Iterator[Problem]:
    seen: dict[tuple[str, ...], str] = {}
    for manifest in manifests:
        version = str(manifest.document.get("apiVersion", ""))
        key = (version, manifest.kind, manifest.namespace, manifest.name)
        if key in seen:
            yield manifest, "metadata.name", f"{seen[key]} defines the same object"
        seen.setdefault(key, manifest.file)


def _container_names(manifests: ManifestSet) -> Iterator[Problem]:
    seen: set[tuple[int, str]] = set()
    for container in manifests.containers:
        name = str(container.fields.get("name", ""))
        key = (id(container.pod.spec), name)
        if not re.fullmatch(DNS_LABEL, name):
            yield container.problem("name", f"{name!r} is not a DNS label")
        elif key in seen:
            yield container.problem("name", f"two containers have the name {name!r}")
        seen.add(key)


def _port_names(manifests: ManifestSet) -> Iterator[Problem]:
    for container in manifests.containers:
        names = [p["name"] for p in container.fields.get("ports") or () if "name" in p]
        for name in names:
            if not re.fullmatch(_PORT_NAME, str(name)):
                yield container.problem("ports", f"{name!r} is not a valid port name")
        if len(set(names)) < len(names):
            yield container.problem("ports", "two ports have the same name")


def _port_numbers(manifests: ManifestSet) -> Iterator[Problem]:
    for container in manifests.containers:
        for port in container.fields.get("ports") or ():
            if wrong := _wrong_port(port.get("containerPort")):
                yield container.problem("ports", wrong)
    for service in manifests.of_kind("Service"):
        for port in service.spec.get("ports") or ():
            if wrong := _wrong_port(port.get("port")):
                yield service, "spec.ports", wrong


def _wrong_port(number: object) -> str | None:
    valid = isinstance(number, int) and 1 <= number <= 65535
    return None if valid else f"{number} is not a port number from 1 to 65535"


def _variables(manifests: ManifestSet) -> Iterator[Problem]:
    for container in manifests.containers:
        names = [str(v.get("name", "")) for v in container.fields.get("env") or ()]
        for name in names:
            if not re.fullmatch(VARIABLE, name):
                yield container.problem("env", f"a shell cannot set {name!r}")
        if len(set(names)) < len(names):
            yield container.problem("env", "a variable is set twice")


RULES = (
    Rule(
        "K101",
        "an object's name is valid for its kind",
        "The cluster refuses the object. A Service's name begins with a letter and has no dots "
        "(RFC 1035). Other names may begin with a digit and have dots (RFC 1123). A CronJob's "
        "name has at most 52 characters, because Kubernetes adds to it to name the jobs.",
        _object_names,
    ),
    Rule("K102", "a namespace is a DNS label", "The cluster refuses the object.", _namespaces),
    Rule(
        "K103",
        "labels have valid keys and values, and annotations valid keys",
        "The cluster refuses the object. A key or a label's value has at most 63 letters, digits, "
        "`-`, `_` and `.`, with a letter or digit at both ends. A key may have a DNS name and a "
        "slash in front.",
        _labels,
    ),
    Rule(
        "K104",
        "no two manifests define the same object",
        "The manifest that is applied last wins, and the order is arbitrary.",
        _unique_objects,
    ),
    Rule(
        "K105",
        "a container's name is a DNS label, and unique in its pod",
        "The cluster refuses the pod.",
        _container_names,
    ),
    Rule(
        "K106",
        "a port's name has at most 15 letters, digits and `-`, and is unique in its container",
        "The cluster refuses the pod.",
        _port_names,
    ),
    Rule(
        "K107",
        "port numbers are from 1 to 65535",
        "The cluster refuses the object.",
        _port_numbers,
    ),
    Rule(
        "K108",
        "environment variables have unique names that a shell can set",
        "If a variable is set twice, the last value wins without a warning. Shell scripts in the "
        "image cannot read variables with other names.",
        _variables,
    ),
)
