"""The kustomizations, with which `kubectl apply -k` applies a whole directory.

`base` holds the objects, `overlays/NAME` the differences of an environment, and the top directory
refers to the base. kubectl, Argo CD and Flux read kustomizations and never send them to a cluster,
so neither the Kubernetes client nor the schemas know them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.values import Values

__all__ = ("REASONS", "added", "kustomization", "overlay", "root")

_HEAD = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}

REASONS: Mapping[str, str] = {
    "apiVersion": "The version of kubectl's format.",
    "kind": "`kubectl apply -k` applies the whole directory.",
    "labels[].includeSelectors": "A Deployment's selector is immutable, so kustomize must not add "
    "labels to it.",
    "labels[].pairs": "Objects that an overlay adds get these labels too, so tools find them with "
    "the rest.",
    "resources": "Sorted by name. An overlay names the base's directory instead.",
}


def kustomization(values: Values, resources: Iterable[str]) -> dict[str, Any]:
    """Return the base's kustomization of these files."""
    labels = [{"includeSelectors": False, "pairs": metadata.belonging(values)}]
    return {**_HEAD, "labels": labels, "resources": sorted(resources)}


def root() -> dict[str, Any]:
    """Return the top directory's kustomization, which refers to the base."""
    return {**_HEAD, "resources": ["base"]}


def overlay(
    base: Mapping[str, dict[str, Any]], objects: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return the kustomization that patches the objects of the base into those of an overlay.

    Objects that only the overlay has are files of their own, listed beside the base.
    """
    patches = [patch for file in sorted(base) if (patch := _patch(base[file], objects.get(file)))]
    written = {**_HEAD, "resources": ["../../base", *added(base, objects)]}
    return {**written, "patches": patches} if patches else written


def added(base: Mapping[str, dict[str, Any]], objects: Mapping[str, dict[str, Any]]) -> list[str]:
    """Return the files of the objects that an overlay adds, or has under another name."""
    return sorted(file for file in objects if not _same(base.get(file), objects[file]))


def _same(first: dict[str, Any] | None, second: dict[str, Any] | None) -> bool:
    """Return whether two documents describe the same object."""
    return first is not None and second is not None and _identity(first) == _identity(second)


def _identity(document: dict[str, Any]) -> tuple[str, str, str]:
    return document["apiVersion"], document["kind"], document["metadata"]["name"]


def _patch(base: dict[str, Any], other: dict[str, Any] | None) -> dict[str, Any] | None:
    group, _, version = base["apiVersion"].rpartition("/")
    target = {"kind": base["kind"], "name": base["metadata"]["name"], "version": version}
    if group:
        target["group"] = group
    if other is None or not _same(base, other):
        deletion = {"$patch": "delete", "apiVersion": base["apiVersion"], "kind": base["kind"]}
        deletion["metadata"] = {"name": base["metadata"]["name"]}
        return {"target": target, "patch": json.dumps(deletion)}
    steps = "".join(f"- {json.dumps(step)}\n" for step in _steps(base, other, ""))
    return {"target": target, "patch": steps} if steps else None


def _steps(base: Any, other: Any, path: str) -> Iterator[dict[str, Any]]:
    """Yield the steps of a JSON patch (RFC 6902) from one node to another."""
    if base == other:
        return
    if isinstance(base, dict) and isinstance(other, dict):
        for key in sorted({*base, *other}):
            below = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
            if key not in other:
                yield {"op": "remove", "path": below}
            elif key not in base:
                yield {"op": "add", "path": below, "value": other[key]}
            else:
                yield from _steps(base[key], other[key], below)
    elif isinstance(base, list) and isinstance(other, list) and len(base) == len(other):
        for index, pair in enumerate(zip(base, other, strict=True)):
            yield from _steps(*pair, f"{path}/{index}")
    else:
        yield {"op": "replace", "path": path, "value": other}
