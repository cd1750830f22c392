"""Which fields an apply owns, and how they are set and taken away, as a cluster does it."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from ferryman.targets.k8s.schemas import definitions

Path = tuple[str, ...]
Document = dict[str, Any]

_VERSION = "1.37"


def leaves(node: Any, schema: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield the fields that an apply owns, as a cluster counts them, with their values."""
    schema = _resolved(schema)
    keys = schema.get("x-kubernetes-list-map-keys")
    if isinstance(node, dict) and node:
        for key, value in node.items():
            below = schema.get("properties", {}).get(key, schema.get("additionalProperties", {}))
            yield from leaves(value, below or {}, (*path, f"f:{key}"))
    elif isinstance(node, list) and keys:
        for item in node:
            name = json.dumps({key: item.get(key, "TCP") for key in keys})
            yield from leaves(item, schema.get("items", {}), (*path, f"k:{name}"))
    else:
        yield path, node


def _resolved(schema: Any) -> Any:
    reference = schema.get("$ref") if isinstance(schema, dict) else None
    return (
        {**definitions(_VERSION)[reference.rpartition("/")[2]], **schema} if reference else schema
    )


def _step(node: Any, part: str, *, make: bool) -> Any:
    """Return what a part of a path leads to, made where it is missing, or None."""
    if part.startswith("k:"):
        keys = json.loads(part[2:])
        found = next((i for i in node if all(i.get(k, "TCP") == v for k, v in keys.items())), None)
        if found is None and make:
            node.append(found := dict(keys))
        return found
    return node.get(part[2:])


def assign(document: Document, path: Path, value: Any) -> None:
    """Set a field."""
    node: Any = document
    for part, following in pairwise(path):
        below = _step(node, part, make=True)
        if below is None:
            below = node[part[2:]] = [] if following.startswith("k:") else {}
        node = below
    if path[-1].startswith("f:"):
        node[path[-1][2:]] = copy.deepcopy(value)


def remove(document: Document, path: Path, kept: set[Path]) -> None:
    """Take a field away, or the whole item of a list that nothing of is kept."""
    node: Any = document
    for end, part in enumerate(path[:-1], 1):
        below = None if node is None else _step(node, part, make=False)
        owned = any(other[:end] == path[:end] for other in kept)
        if part.startswith("k:") and below is not None and not owned:
            node.remove(below)
            return
        node = below
    if isinstance(node, dict):
        node.pop(path[-1][2:], None)


def nested(paths: set[Path]) -> Document:
    """Return paths as a cluster writes them."""
    tree: Document = {}
    for path in sorted(paths):
        node = tree
        for part in path:
            node = node.setdefault(part, {})
    return tree


def paths(fields: Document, path: Path = ()) -> Iterator[Path]:
    """Yield the paths that a cluster has written, the inverse of `nested`."""
    if not fields:
        yield path
    for part, below in fields.items():
        yield from paths(below, (*path, part))
