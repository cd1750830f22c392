"""Reads manifests for the rules: objects, pods and containers by name and label, and quantities."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from math import ceil
from typing import Any

__all__ = (
    *("Container", "Manifest", "ManifestSet", "Pod", "Problem"),
    *("matches", "own_ports", "port_names", "quantity", "share"),
)

_POD_PATHS: Mapping[str, str] = {
    "Pod": "",
    "Deployment": "spec.template",
    "StatefulSet": "spec.template",
    "DaemonSet": "spec.template",
    "ReplicaSet": "spec.template",
    "Job": "spec.template",
    "CronJob": "spec.jobTemplate.spec.template",
    "Knative": "spec.template",
}

# resource.Quantity of k8s.io/apimachinery: a number, then a binary or decimal suffix or
# an exponent.
_QUANTITY = re.compile(
    r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?"
)
_DECIMAL = dict(zip("numkMGTPE", (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True))
_BINARY = "KMGTPE"


@dataclass(frozen=True, slots=True)
class Manifest:
    """An object and its file.

    Attributes:
        file: The file, as a reader would name it.
        document: The object, without nulls.
    """

    file: str
    document: dict[str, Any]

    @property
    def kind(self) -> str:
        """The kind; `Knative` for a Knative Service, which is not a core Service."""
        version, kind = self.document.get("apiVersion", ""), self.document.get("kind", "")
        return "Knative" if str(version).startswith("serving.knative.dev/") else str(kind)

    @property
    def metadata(self) -> dict[str, Any]:
        """The metadata; empty if it is missing or not a mapping."""
        metadata = self.document.get("metadata")
        return metadata if isinstance(metadata, dict) else {}

    @property
    def name(self) -> str:
        """The name, or an empty text."""
        return str(self.metadata.get("name", ""))

    @property
    def namespace(self) -> str:
        """The namespace, or an empty text."""
        return str(self.metadata.get("namespace", ""))

    @property
    def labels(self) -> dict[str, str]:
        """The labels, or an empty mapping."""
        return self.metadata.get("labels") or {}

    @property
    def spec(self) -> dict[str, Any]:
        """The spec, or an empty mapping."""
        return self.document.get("spec") or {}


Problem = tuple[Manifest, str, str]
"""An object, the path of the field in it, and what is wrong."""


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod, or the template of one.

    Attributes:
        manifest: The object that contains it.
        path: Its path in the object, with a dot at the end; empty if the object is the pod.
        metadata: Its metadata.
        spec: Its spec.
    """

    manifest: Manifest
    path: str
    metadata: Mapping[str, Any]
    spec: Mapping[str, Any]

    @property
    def labels(self) -> Mapping[str, str]:
        """The labels, or an empty mapping."""
        return self.metadata.get("labels") or {}

    def problem(self, field: str, message: str) -> Problem:
        """Return a problem with a field of the spec."""
        return self.manifest, f"{self.path}spec.{field}", message


@dataclass(frozen=True, slots=True)
class Container:
    """A container or init container of a pod.

    Attributes:
        pod: The pod.
        path: Its path in the object.
        fields: Its fields.
    """

    pod: Pod
    path: str
    fields: Mapping[str, Any]

    def problem(self, field: str, message: str) -> Problem:
        """Return a problem with a field of the container."""
        return self.pod.manifest, f"{self.path}.{field}", message


class ManifestSet(tuple[Manifest, ...]):
    """Manifests that go to a cluster together, with indexes by name and by label.

    Without the indexes a check of thousands of manifests would take minutes.
    """

    @cached_property
    def pods(self) -> tuple[Pod, ...]:
        """Every pod and pod template."""
        return tuple(_pods(self))

    @cached_property
    def containers(self) -> tuple[Container, ...]:
        """Every container of every pod, init containers first."""
        return tuple(
            Container(pod, f"{pod.path}spec.{field}[{index}]", fields)
            for pod in self.pods
            for field in ("initContainers", "containers")
            for index, fields in enumerate(pod.spec.get(field) or ())
        )

    @cached_property
    def _by_name(self) -> dict[tuple[str, str, str], Manifest]:
        """The first object of each kind, name and namespace."""
        return {(m.kind, m.name, m.namespace): m for m in reversed(self)}

    @cached_property
    def _by_label(self) -> dict[tuple[str, str, str], list[Pod]]:
        """The pods with a label, by namespace, key and value; all pods under an empty key."""
        index: dict[tuple[str, str, str], list[Pod]] = {}
        for pod in self.pods:
            for key, value in (("", ""), *pod.labels.items()):
                index.setdefault((pod.manifest.namespace, key, str(value)), []).append(pod)
        return index

    def of_kind(self, *kinds: str) -> list[Manifest]:
        """Return the objects of some kinds."""
        return [manifest for manifest in self if manifest.kind in kinds]

    def named(self, kind: str, name: str, namespace: str) -> Manifest | None:
        """Return the object of a kind and name in a namespace, or None."""
        return self._by_name.get((kind, name, namespace))

    def selected(self, namespace: str, selector: Mapping[str, Any]) -> list[Pod]:
        """Return the pods of a namespace that a label selector matches."""
        labels = selector.get("matchLabels") or {}
        keys = [(namespace, key, str(value)) for key, value in labels.items()]
        sets = (self._by_label.get(key, []) for key in keys or [(namespace, "", "")])
        return [pod for pod in min(sets, key=len) if matches(selector, pod.labels)]


def _pods(manifests: ManifestSet) -> Iterator[Pod]:
    for manifest in manifests:
        path = _POD_PATHS.get(manifest.kind)
        if path is not None:
            node: Any = manifest.document
            for part in filter(None, path.split(".")):
                node = node.get(part) or {} if isinstance(node, dict) else {}
            metadata, spec = node.get("metadata") or {}, node.get("spec") or {}
            yield Pod(manifest, f"{path}." if path else "", metadata, spec)


def port_names(pod: Pod) -> set[str]:
    """Return the names of a pod's ports: those of its containers and sidecars."""
    sidecars = [
        c for c in pod.spec.get("initContainers") or () if c.get("restartPolicy") == "Always"
    ]
    return {name for c in (*(pod.spec.get("containers") or ()), *sidecars) for name in own_ports(c)}


def own_ports(container: Mapping[str, Any]) -> set[str]:
    """Return the names of a container's ports. Its probes can refer only to these."""
    return {port["name"] for port in container.get("ports") or () if "name" in port}


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Return whether a label selector matches labels. An empty selector matches all."""
    exact = (selector.get("matchLabels") or {}).items() <= labels.items()
    return exact and all(_holds(e, labels) for e in selector.get("matchExpressions") or ())


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    value = labels.get(expression.get("key", ""))
    values = expression.get("values") or ()
    return {
        "In": value in values,
        "NotIn": value not in values,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }.get(expression.get("operator", ""), False)


def share(amount: object, total: int) -> int | None:
    """Return a number of pods that is given as a number or a percentage, or else None."""
    text = str(amount)
    try:
        return ceil(total * int(text[:-1]) / 100) if text.endswith("%") else int(text)
    except ValueError:
        return None


def _suggestion(text: str) -> str:
    """Return a suggestion for a size with a unit that other programs use, such as 10GB."""
    match = re.fullmatch(r"([0-9.]+) *([kmgtpe])(i?)b?", text, re.IGNORECASE)
    if not match:
        return ""
    unit = match[2].upper()
    return f"; did you mean {match[1]}{'k' if unit == 'K' else unit} or {match[1]}{unit}i?"


def quantity(text: object) -> Decimal:
    """Return a quantity as a number, such as 268,435,456 for `256Mi`.

    Raises:
        ValueError: The text is not a quantity. The message suggests one.
    """
    match = _QUANTITY.fullmatch(str(text)) if not isinstance(text, bool) else None
    if not match:
        raise ValueError(f"{text!r} is not a quantity{_suggestion(str(text))}")
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix.endswith("i"):
        return number * Decimal(1024 ** (_BINARY.index(suffix[0]) + 1))
    if suffix[:1] in ("e", "E") and len(suffix) > 1:
        return number.scaleb(int(suffix[1:]))
    return number.scaleb(_DECIMAL[suffix]) if suffix else number
