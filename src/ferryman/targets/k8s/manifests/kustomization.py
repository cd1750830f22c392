"""The kustomizations: what makes a directory one thing to apply, and to build upon.

`base` has the objects, `overlays/NAME` what an environment has otherwise, and the
directory above them leads to the base. They are read by kubectl, Argo CD and Flux and
never sent to a cluster, so neither the client nor the schemas know them.
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
    "apiVersion": "What kubectl calls the format.",
    "kind": "`kubectl apply -k` takes the directory as one.",
    "labels[].includeSelectors": "A Deployment's selector can never be changed.",
    "labels[].pairs": "What an overlay adds gets the labels, too, and is found with the rest.",
    "resources": "In the order of the names. An overlay names the directory instead.",
}


def kustomization(values: Values, resources: Iterable[str]) -> dict[str, Any]:
    """Return the kustomization of these files. It rewrites no image."""
    labels = [{"includeSelectors": False, "pairs": metadata.belonging(values)}]
    return {**_HEAD, "labels": labels, "resources": sorted(resources)}


def root() -> dict[str, Any]:
    """Return the kustomization that leads to the base."""
    return {**_HEAD, "resources": ["base"]}


def overlay(
    base: Mapping[str, dict[str, Any]], objects: Mapping[str, dict[str, Any]]
) -> dict[str, Any]:
    """Return the kustomization that turns the objects of the base into others.

    What only the others have is a file of its own, listed beside the base.
    """
    patches = [_patch(base[file], objects.get(file)) for file in sorted(base)]
    written = {**_HEAD, "resources": ["../../base", *added(base, objects)]}
    return {**written, "patches": found} if (found := [p for p in patches if p]) else written


def added(base: Mapping[str, dict[str, Any]], objects: Mapping[str, dict[str, Any]]) -> list[str]:
    """Return the files of what an overlay adds, or has under another name."""
    return sorted(file for file in objects if not _same(base.get(file), objects[file]))


def _same(one: dict[str, Any] | None, other: dict[str, Any] | None) -> bool:
    """Return whether two documents describe the same object."""
    return one is not None and other is not None and _identity(one) == _identity(other)


def _identity(document: dict[str, Any]) -> tuple[str, str, str]:
    return document["apiVersion"], document["kind"], document["metadata"]["name"]


def _patch(base: dict[str, Any], other: dict[str, Any] | None) -> dict[str, Any] | None:
    group, _, version = base["apiVersion"].rpartition("/")
    target = {"kind": base["kind"], "name": base["metadata"]["name"], "version": version}
    if group:
        target["group"] = group
    if other is None or not _same(base, other):
        gone = {"$patch": "delete", "apiVersion": base["apiVersion"], "kind": base["kind"]}
        gone["metadata"] = {"name": base["metadata"]["name"]}
        return {"target": target, "patch": json.dumps(gone)}
    steps = list(_steps(base, other, ""))
    return {"target": target, "patch": "\n".join(map(_line, steps)) + "\n"} if steps else None


def _line(step: dict[str, Any]) -> str:
    return f"- {json.dumps(step)}"


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
