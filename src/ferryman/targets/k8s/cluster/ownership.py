"""Reads from an object's `managedFields` which manager owns which fields (server-side apply). Pure.

Source: https://kubernetes.io/docs/reference/using-api/server-side-apply/ and the format `FieldsV1`
of k8s.io/apimachinery: `f:` is a field, `k:` an item by its keys, `v:` an item by its value, `.`
the node itself.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any

from ferryman.targets.k8s.cluster.api import MANAGER
from ferryman.targets.k8s.rendering import Document

__all__ = (
    "HANDOVER",
    "by_kubectl",
    "from_kubectl",
    "sets_replicas",
    "settled",
    "without_fields_of_kubectl",
)

HANDOVER = "ferryman-replicas"
"""The manager that owns the number of pods until the autoscaler first sets it."""

_KUBECTL = "kubectl-client-side-apply"
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

Fields = Mapping[str, Any]


def settled(live: Document, document: Document) -> bool:
    """Return whether an apply of a document would change nothing, including the owners of fields.

    It may return False by mistake, because the cluster rewrites some values. Then a dry run tells.
    """
    entries = [e for e in _entries(live) if e.get("manager") == MANAGER]
    if len(entries) != 1 or by_kubectl(live):
        return False
    (entry,) = entries
    if entry.get("operation") != "Apply" or entry.get("subresource"):
        return False
    return _same(entry.get("fieldsV1") or {}, _owned_part(document), live)


def _entries(live: Document) -> list[dict[str, Any]]:
    return list((live.get("metadata") or {}).get("managedFields") or ())


def _owned_part(document: Document) -> Document:
    """Return a document without the fields that no manager owns: those that identify it."""
    own = {key: value for key, value in document.items() if key not in ("apiVersion", "kind")}
    own["metadata"] = {
        key: value
        for key, value in document.get("metadata", {}).items()
        if key not in ("name", "namespace")
    }
    return own


def _same(fields: Fields, wanted: Any, live: Any) -> bool:
    keys = [key for key in fields if key != "."]
    if not keys:
        return bool(wanted == live)
    if isinstance(wanted, dict) and isinstance(live, dict):
        return {f"f:{key}" for key in wanted} == set(keys) and all(
            _same(fields[f"f:{key}"], value, live.get(key)) for key, value in wanted.items()
        )
    if isinstance(wanted, list) and isinstance(live, list) and len(wanted) == len(keys):
        return all(_same_item(key, fields[key], wanted, live) for key in keys)
    return False


def _same_item(key: str, fields: Fields, wanted: list[Any], live: list[Any]) -> bool:
    sort, _, text = key.partition(":")
    selector = json.loads(text)
    if sort == "v":
        return selector in wanted and selector in live
    ours, theirs = (_item(selector, items) for items in (wanted, live))
    return ours is not None and theirs is not None and _same(fields, ours, theirs)


def _item(keys: Mapping[str, Any], items: list[Any]) -> Any:
    return next((i for i in items if isinstance(i, dict) and keys.items() <= i.items()), None)


def by_kubectl(live: Document) -> bool:
    """Return whether kubectl's client-side apply owns fields of an object."""
    return any(_is_kubectl(entry) for entry in _entries(live))


def _is_kubectl(entry: Mapping[str, Any]) -> bool:
    return entry.get("manager") == _KUBECTL and entry.get("operation") == "Update"


def from_kubectl(live: Document) -> list[Document]:
    """Return the JSON patch that makes ferryman the owner of kubectl's client-side fields.

    kubectl does the same when it changes to server-side apply (`csaupgrade` of k8s.io/client-go).
    Without it, fields that a later release omits would stay.
    """
    metadata = live["metadata"]
    theirs = [entry for entry in _entries(live) if _is_kubectl(entry)]
    ours = next((e for e in _entries(live) if _is_ours(e)), None)
    fields: Document = copy.deepcopy((ours or {}).get("fieldsV1") or {})
    for entry in theirs:
        _merge(fields, entry.get("fieldsV1") or {})
    annotations = fields.get("f:metadata", {}).get("f:annotations", {})
    annotations.pop(f"f:{_LAST_APPLIED}", None)
    merged = {
        **theirs[0],
        **(ours or {}),
        "manager": MANAGER,
        "operation": "Apply",
        "fieldsV1": fields,
    }
    kept = [e for e in _entries(live) if not _is_kubectl(e) and not _is_ours(e)]
    steps: list[Document] = [
        # The cluster refuses the patch if the object has changed since it was read.
        {"op": "test", "path": "/metadata/resourceVersion", "value": metadata["resourceVersion"]},
        {"op": "replace", "path": "/metadata/managedFields", "value": [*kept, merged]},
    ]
    if _LAST_APPLIED in (metadata.get("annotations") or {}):
        path = f"/metadata/annotations/{_LAST_APPLIED.replace('/', '~1')}"
        steps.append({"op": "remove", "path": path})
    return steps


def _is_ours(entry: Mapping[str, Any]) -> bool:
    return (
        entry.get("manager") == MANAGER
        and entry.get("operation") == "Apply"
        and not entry.get("subresource")
    )


def _merge(into: Document, other: Fields) -> None:
    for key, below in other.items():
        _merge(into.setdefault(key, {}), below)


def without_fields_of_kubectl(live: Document, document: Document, result: Document) -> Document:
    """Return the result of an apply after ferryman owns kubectl's fields, which may remove some.

    Args:
        live: The live object.
        document: The document to apply.
        result: The result of a dry run while kubectl still owns its fields.
    """
    left: Document = copy.deepcopy(result)
    others = [e.get("fieldsV1") or {} for e in _entries(live) if not _is_kubectl(e)]
    for entry in _entries(live):
        if _is_kubectl(entry):
            for path in _leaves(entry.get("fieldsV1") or {}):
                if not any(_has(held, path) for held in others) and not _set(document, path):
                    _drop(left, path)
    return left


def _leaves(fields: Fields, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    below = [key for key in fields if key != "."]
    if not below and path:
        yield path
    for key in below:
        yield from _leaves(fields[key], (*path, key))


def _has(fields: Fields, path: tuple[str, ...]) -> bool:
    node: Any = fields
    for part in path:
        if part not in node:
            return False
        node = node[part]
    return True


def _set(document: Any, path: tuple[str, ...]) -> bool:
    node = document
    for part in path:
        found, node = _step(node, part)
        if not found:
            return False
    return True


def _step(node: Any, part: str) -> tuple[bool, Any]:
    """Return whether a node has the field or item of a part of a path, and its value."""
    sort, _, text = part.partition(":")
    if sort == "f":
        return (True, node[text]) if isinstance(node, dict) and text in node else (False, None)
    if not isinstance(node, list):
        return False, None
    selector = json.loads(text)
    if sort == "v":
        return selector in node, selector
    item = _item(selector, node)
    return item is not None, item


def _drop(document: Any, path: tuple[str, ...]) -> None:
    """Remove a field, and the nodes around it that become empty."""
    trail = []
    node = document
    for part in path:
        found, below = _step(node, part)
        if not found:
            return
        trail.append((node, part, below))
        node = below
    for parent, part, below in reversed(trail):
        if below not in ({}, []) and (parent, part, below) != trail[-1]:
            return
        if isinstance(parent, dict):
            parent.pop(part.partition(":")[2], None)
        else:
            parent.remove(below)


def sets_replicas(live: Document) -> bool:
    """Return whether ferryman owns the number of a Deployment's pods."""
    return any(
        _is_ours(entry) and "f:replicas" in (entry.get("fieldsV1") or {}).get("f:spec", {})
        for entry in _entries(live)
    )
