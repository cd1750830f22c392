"""The user's patches: strategic merges, as `kubectl patch` and kustomize do them.

A mapping is merged key by key, and null deletes. A list is merged item by item where
Kubernetes' schema names the key its items go by (`x-kubernetes-patch-merge-key`), and is
replaced otherwise. `$patch: delete` and `$patch: replace` work within both. Pure but for
the reading of the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ferryman.core.errors import ConfigError
from ferryman.targets.k8s.documents import Source, read_documents
from ferryman.targets.k8s.rendering import Document, ordered
from ferryman.targets.k8s.schemas import definitions, resource_schema, without_nulls

__all__ = ("merge", "patch_objects", "patched_line", "read_patches", "written_line")

_DIRECTIVE = "$patch"
_DIRECTIVES = ("delete", "merge", "replace")


class Unmergeable(Exception):
    """A part of a patch that cannot be merged; says why."""


def read_patches(root: Path, name: str, origin: str) -> list[Source]:
    """Return the patches of a file in the project's directory.

    Args:
        root: The project's directory.
        name: The file, relative to it.
        origin: Where it was set, for the error.

    Raises:
        ConfigError: It cannot be read, is not YAML, or a document in it names no kind.
    """
    found = read_documents(root, name, origin)
    for source in found:
        _check_head(source.document, name)
    return found


def _check_head(document: Any, name: str) -> None:
    """Check that a patch says what it is for."""
    if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
        raise ConfigError(
            f"{name}: a patch names no kind",
            hint="begin each with `kind: Deployment` or another of the manifests' kinds",
        )
    metadata = document.get("metadata") or {}
    if not isinstance(metadata, dict) or not isinstance(metadata.get("labels") or {}, dict):
        raise ConfigError(
            f"{name}: the metadata of the patch for {document['kind']} are no mapping",
            hint="write `metadata: {name: ...}`, or leave them out",
        )


def patch_objects(
    objects: Mapping[str, Document], patches: Sequence[Source], version: str, name: str
) -> dict[str, Document]:
    """Return the objects with every patch applied to the one of its kind.

    Args:
        objects: The objects, by the names of their files.
        patches: What is merged into them, in this order.
        version: The version of Kubernetes whose schemas say how lists merge.
        name: The file of the patches, for the error.

    Raises:
        ConfigError: A patch fits no object, or makes another of it.
    """
    patched = dict(objects)
    for patch in (source.document for source in patches):
        file = next((f for f, document in patched.items() if _fits(patch, document)), None)
        if file is None:
            raise ConfigError(
                f"{name}: there is no {_called(patch)} to patch",
                cause=f"there is {', '.join(_called(d) for d in patched.values())}",
            )
        document = patched[file]
        schema = resource_schema(document["apiVersion"], document["kind"], version)
        try:
            merged = merge(document, patch, schema or {}, version)
        except Unmergeable as error:
            raise ConfigError(f"{name}: {_called(document)}: {error}") from None
        patched[file] = ordered(without_nulls(merged))
        _refuse_other_identity(document, patched[file], name)
    return patched


def merge(base: Any, patch: Any, schema: Mapping[str, Any], version: str) -> Any:
    """Return a node with a patch merged into it.

    Args:
        base: The node.
        patch: What is merged into it.
        schema: The node's schema.
        version: The version of Kubernetes that it belongs to.

    Raises:
        Unmergeable: The patch has a directive that there is not, or an item without its key.
    """
    schema = _resolved(schema, version)
    if isinstance(patch, dict):
        old = base if isinstance(base, dict) and patch.get(_DIRECTIVE) != "replace" else {}
        return _merged_mapping(old, patch, schema, version)
    if isinstance(patch, list) and isinstance(base, list):
        key = schema.get("x-kubernetes-patch-merge-key")
        if key and "merge" in schema.get("x-kubernetes-patch-strategy", ""):
            return _merged_list(base, patch, key, schema.get("items", {}), version)
        if "merge" in schema.get("x-kubernetes-patch-strategy", ""):
            return [*base, *(item for item in patch if item not in base)]
    return patch


def _merged_mapping(
    base: Mapping[str, Any], patch: Mapping[str, Any], schema: Mapping[str, Any], version: str
) -> dict[str, Any]:
    merged = dict(base)
    _check_directive(patch)
    for key, value in patch.items():
        if key == _DIRECTIVE:
            continue
        if value is None or (isinstance(value, dict) and value.get(_DIRECTIVE) == "delete"):
            merged.pop(key, None)
        else:
            below = schema.get("properties", {}).get(key, {})
            merged[key] = merge(merged.get(key), value, below, version)
    return merged


def _merged_list(
    base: list[Any], patch: list[Any], key: str, schema: Mapping[str, Any], version: str
) -> list[Any]:
    merged = [] if {_DIRECTIVE: "replace"} in patch else list(base)
    for item in patch:
        if item == {_DIRECTIVE: "replace"}:
            continue
        if not isinstance(item, dict) or key not in item:
            raise Unmergeable(f"{item!r} names no {key}, by which the items of its list go")
        _check_directive(item)
        place = next((i for i, old in enumerate(merged) if old.get(key) == item.get(key)), None)
        if item.get(_DIRECTIVE) == "delete":
            if place is not None:
                del merged[place]
        elif place is None:
            merged.append(merge(None, item, schema, version))
        else:
            merged[place] = merge(merged[place], item, schema, version)
    return merged


def _check_directive(patch: Mapping[str, Any]) -> None:
    said = patch.get(_DIRECTIVE, "merge")
    if said not in _DIRECTIVES:
        raise Unmergeable(f"{_DIRECTIVE}: {said} is not one of {', '.join(_DIRECTIVES)}")


def _resolved(schema: Mapping[str, Any], version: str) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found = definitions(version).get(reference.rpartition("/")[2], {})
    return {**found, **schema}


def _fits(patch: Document, document: Document) -> bool:
    name = (patch.get("metadata") or {}).get("name", document["metadata"]["name"])
    version = patch.get("apiVersion", document["apiVersion"])
    return (patch["kind"], version, name) == (
        document["kind"],
        document["apiVersion"],
        document["metadata"]["name"],
    )


def patched_line(document: Document, path: str, patches: Sequence[Source]) -> str | None:
    """Return the file and line of the patch that set a field, or None if none did.

    Args:
        document: The patched object.
        path: The field, such as `spec.template.spec.containers[0].image`.
        patches: The patches.
    """
    for source in reversed(patches):
        if _fits(source.document, document):
            parts = _parts(path)
            inner = _path_in_patch(document, source.document, parts)
            # What is missing has no line; what it is missing from has one.
            if len(inner) > 1 and len(inner) >= len(parts) - 1:
                return f"{source.file}, line {source.line(inner)}"
    return None


def written_line(source: Source, path: str) -> str:
    """Return the file and line of a field of an object that was written by hand."""
    parts = [int(part) if part.isdigit() else part for part in _parts(path)]
    return f"{source.file}, line {source.line(parts)}"


def _parts(path: str) -> list[str]:
    return re.findall(r"[^.\[\]]+", path)


def _path_in_patch(document: Any, patch: Any, parts: Sequence[str]) -> list[str | int]:
    """Return how far a path leads into a patch, whose lists have other places."""
    found: list[str | int] = []
    for text in parts:
        part: str | int = int(text) if isinstance(document, list) and text.isdigit() else text
        try:
            document = document[part]
        except (IndexError, KeyError, TypeError):
            document = None
        if isinstance(patch, list):
            place = _place(patch, document)
            if place is None:
                break
            found.append(place)
            patch = patch[place]
        elif isinstance(patch, dict) and part in patch:
            found.append(part)
            patch = patch[part]
        else:
            break
    return found


def _place(items: list[Any], wanted: Any) -> int | None:
    for index, item in enumerate(items):
        if item == wanted:
            return index
        if isinstance(item, dict) and isinstance(wanted, dict):
            for key in ("name", "mountPath", "containerPort", "topologyKey", "key", "ip", "type"):
                if key in item and item[key] == wanted.get(key):
                    return index
    return None


def _refuse_other_identity(before: Document, after: Document, name: str) -> None:
    """Check that a patched object is still found where it was, and as ours."""
    old, new = before["metadata"], after.get("metadata") or {}
    if old.get("namespace") != new.get("namespace"):
        raise ConfigError(
            f"{name}: a patch changes the namespace of {_called(before)}",
            hint="set namespace in [tool.ferryman.k8s], for all objects",
        )
    if not set(old["labels"].items()) <= set((new.get("labels") or {}).items()):
        raise ConfigError(
            f"{name}: a patch changes labels of {_called(before)} that ferryman goes by",
            hint="add labels of other names",
        )


def _called(document: Document) -> str:
    name = (document.get("metadata") or {}).get("name")
    return f"{document['kind']}/{name}" if name else str(document["kind"])
