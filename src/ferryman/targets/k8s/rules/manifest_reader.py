"""Reads manifests for the rules: pods and containers wherever they stand, labels, quantities."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from math import ceil
from typing import Any

from ferryman.targets.k8s.rules.rule import Manifest

__all__ = (
    "Container",
    "ManifestSet",
    "Pod",
    "candidates",
    "containers",
    "matches",
    "named",
    "own_ports",
    "pods",
    "port_names",
    "quantity",
    "selects",
    "share",
    "workloads",
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
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")

# resource.Quantity of k8s.io/apimachinery: a number, then a binary or decimal suffix or
# an exponent.
_QUANTITY = re.compile(
    r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?"
)
_DECIMAL = dict(zip("numkMGTPE", (-9, -6, -3, 3, 6, 9, 12, 15, 18), strict=True))
_BINARY = "KMGTPE"


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod, or the template of one.

    Attributes:
        manifest: The object that it stands in.
        path: Where in it, ending in a dot if it is not the object itself.
        metadata: Its metadata.
        spec: Its spec.
    """

    manifest: Manifest
    path: str
    metadata: Mapping[str, Any]
    spec: Mapping[str, Any]

    @property
    def labels(self) -> Mapping[str, str]:
        """Its labels; empty where none are written."""
        return self.metadata.get("labels") or {}


@dataclass(frozen=True, slots=True)
class Container:
    """A container of a pod.

    Attributes:
        pod: The pod.
        path: Where it stands in the object.
        fields: Its fields.
        initial: Whether it is an init container.
    """

    pod: Pod
    path: str
    fields: Mapping[str, Any]
    initial: bool


class ManifestSet(tuple[Manifest, ...]):
    """Manifests that go to a cluster together, which are found by name and by label at once.

    With a search through all of them for each, thousands would take minutes.
    """

    @cached_property
    def pods(self) -> tuple[Pod, ...]:
        """Every pod and template of one."""
        return tuple(_pods(self))

    @cached_property
    def names(self) -> dict[tuple[str, str, str], Manifest]:
        """The first object of each kind, name and namespace."""
        found: dict[tuple[str, str, str], Manifest] = {}
        for manifest in self:
            found.setdefault((manifest.kind, manifest.name, manifest.namespace), manifest)
        return found

    @cached_property
    def labelled(self) -> dict[tuple[str, str, str], list[Pod]]:
        """The pods that have a label, by namespace, key and value; by namespace alone, all."""
        found: dict[tuple[str, str, str], list[Pod]] = {}
        for pod in self.pods:
            namespace = pod.manifest.namespace
            found.setdefault((namespace, "", ""), []).append(pod)
            for key, value in pod.labels.items():
                found.setdefault((namespace, key, str(value)), []).append(pod)
        return found


def _set_of(manifests: Sequence[Manifest]) -> ManifestSet:
    return manifests if isinstance(manifests, ManifestSet) else ManifestSet(manifests)


def named(manifests: Sequence[Manifest], kind: str, name: str, namespace: str) -> Manifest | None:
    """Return the object of a kind and name in a namespace, or None."""
    return _set_of(manifests).names.get((kind, name, namespace))


def candidates(
    manifests: Sequence[Manifest], namespace: str, labels: Mapping[str, str]
) -> Sequence[Pod]:
    """Return the pods of a namespace among which all are that have some labels.

    They have the rarest of the labels.
    """
    index = _set_of(manifests).labelled
    keys = [(namespace, key, str(value)) for key, value in labels.items()]
    return min((index.get(key, []) for key in keys or [(namespace, "", "")]), key=len)


def pods(manifests: Sequence[Manifest]) -> Iterator[Pod]:
    """Yield every pod and template of one."""
    yield from manifests.pods if isinstance(manifests, ManifestSet) else _pods(manifests)


def _pods(manifests: Sequence[Manifest]) -> Iterator[Pod]:
    for manifest in manifests:
        path = _POD_PATHS.get(manifest.kind)
        if path is not None:
            node: Any = manifest.document
            for part in filter(None, path.split(".")):
                node = node.get(part) or {} if isinstance(node, dict) else {}
            metadata, spec = node.get("metadata") or {}, node.get("spec") or {}
            yield Pod(manifest, f"{path}." if path else "", metadata, spec)


def containers(manifests: Sequence[Manifest]) -> Iterator[Container]:
    """Yield every container of every pod."""
    for pod in pods(manifests):
        for field in ("initContainers", "containers"):
            for index, fields in enumerate(pod.spec.get(field) or ()):
                place = f"{pod.path}spec.{field}[{index}]"
                yield Container(pod, place, fields, field == "initContainers")


def workloads(manifests: Sequence[Manifest]) -> Iterator[Manifest]:
    """Yield what keeps a number of pods running."""
    yield from (manifest for manifest in manifests if manifest.kind in _WORKLOADS)


def port_names(pod: Pod) -> set[str]:
    """Return the names of the ports by which others know a pod: of what runs as long as it."""
    lasting = [
        c for c in pod.spec.get("initContainers") or () if c.get("restartPolicy") == "Always"
    ]
    return {name for c in (*(pod.spec.get("containers") or ()), *lasting) for name in own_ports(c)}


def own_ports(container: Mapping[str, Any]) -> set[str]:
    """Return the names of one container's ports, the only ones that its probes know."""
    return {port["name"] for port in container.get("ports") or () if "name" in port}


def selects(manifest: Manifest, wanted: Mapping[str, str], pod: Pod) -> bool:
    """Return whether the labels that an object wants are those of a pod in its namespace."""
    return manifest.namespace == pod.manifest.namespace and wanted.items() <= pod.labels.items()


def matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Return whether a label selector takes labels; an empty one takes all."""
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


def share(amount: object, of: int) -> int | None:
    """Return a number of pods, given as one or in percent, or None if it is neither."""
    text = str(amount)
    try:
        return ceil(of * int(text[:-1]) / 100) if text.endswith("%") else int(text)
    except ValueError:
        return None


def _meant(text: str) -> str:
    """Return how a size may have been meant, with the units of other programs."""
    match = re.fullmatch(r"([0-9.]+) *([kmgtpe])(i?)b?", text, re.IGNORECASE)
    if not match:
        return ""
    unit = match[2].upper()
    return f"; did you mean {match[1]}{'k' if unit == 'K' else unit} or {match[1]}{unit}i?"


def quantity(text: object) -> Decimal:
    """Return the number that a quantity is, such as 268,435,456 for `256Mi`.

    Raises:
        ValueError: The text is not a quantity; the message names what may have been meant.
    """
    match = _QUANTITY.fullmatch(str(text)) if not isinstance(text, bool) else None
    if not match:
        raise ValueError(f"{text!r} is not a quantity{_meant(str(text))}")
    number, suffix = Decimal(match[1]), match[2] or ""
    if suffix.endswith("i"):
        return number * Decimal(1024 ** (_BINARY.index(suffix[0]) + 1))
    if suffix[:1] in ("e", "E") and len(suffix) > 1:
        return number.scaleb(int(suffix[1:]))
    return number.scaleb(_DECIMAL[suffix]) if suffix else number
