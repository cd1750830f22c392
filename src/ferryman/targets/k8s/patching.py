"""The user's patches: strategic merge patches, as `kubectl patch` and kustomize apply them.

A mapping is merged key by key, and null deletes a key. A list is merged item by item if Kubernetes'
schema names the key that identifies an item (`x-kubernetes-patch-merge-key`); otherwise the patch
replaces the list. Both accept `$patch: delete` and `$patch: replace`.
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
    """A part of a patch cannot be merged. The message says why."""


def read_patches(root: Path, name: str, origin: str) -> list[Source]:
    """Return the patches of a file in the project's directory.

    Args:
        root: The project's directory.
        name: The file, relative to that directory.
        origin: The setting that names the file, for errors.

    Raises:
        ConfigError: The file cannot be read, is not YAML, or has a patch without a kind.
    """
    patches = read_documents(root, name, origin)
    for source in patches:
        _check_head(source.document, name)
    return patches


def _check_head(document: Any, name: str) -> None:
    """Check that a patch says which object it is for."""
    if not isinstance(document, dict) or not isinstance(document.get("kind"), str):
        raise ConfigError(
            f"{name}: a patch has no kind",
            hint="begin each patch with its kind, such as `kind: Deployment`",
        )
    metadata = document.get("metadata") or {}
    if not isinstance(metadata, dict) or not isinstance(metadata.get("labels") or {}, dict):
        raise ConfigError(
            f"{name}: the metadata of the patch for {document['kind']} are not a mapping",
            hint="write `metadata: {name: ...}`, or omit them",
        )


def patch_objects(
    objects: Mapping[str, Document], patches: Sequence[Source], version: str, name: str
) -> dict[str, Document]:
    """Return the objects with every patch applied to the first object that it matches.

    A patch matches by kind, and by apiVersion and name if it has them.

    Args:
        objects: The objects, by the names of their files.
        patches: The patches, in the order of applying.
        version: The version of Kubernetes whose schemas say how lists merge.
        name: The file of the patches, for errors.

    Raises:
        ConfigError: A patch matches no object, or changes the namespace or labels of its object.
    """
    patched = dict(objects)
    for patch in (source.document for source in patches):
        file = next((f for f, document in patched.items() if _matches(patch, document)), None)
        if file is None:
            raise ConfigError(
                f"{name}: there is no {_called(patch)} to patch",
                cause=f"the objects are {', '.join(_called(d) for d in patched.values())}",
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
        patch: The patch of the node.
        schema: The node's schema.
        version: The version of Kubernetes that the schema belongs to.

    Raises:
        Unmergeable: The patch has an unknown directive, or an item without its key.
    """
    schema = _resolved(schema, version)
    if isinstance(patch, dict):
        old = base if isinstance(base, dict) and patch.get(_DIRECTIVE) != "replace" else {}
        return _merged_mapping(old, patch, schema, version)
    merges = "merge" in schema.get("x-kubernetes-patch-strategy", "")
    if merges and isinstance(patch, list) and isinstance(base, list):
        if key := schema.get("x-kubernetes-patch-merge-key"):
            return _merged_list(base, patch, key, schema.get("items", {}), version)
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
            raise Unmergeable(f"{item!r} has no {key}, which identifies the items of its list")
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
    directive = patch.get(_DIRECTIVE, "merge")
    if directive not in _DIRECTIVES:
        raise Unmergeable(f"{_DIRECTIVE}: {directive} is not one of {', '.join(_DIRECTIVES)}")


def _resolved(schema: Mapping[str, Any], version: str) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    return {**definitions(version).get(reference.rpartition("/")[2], {}), **schema}


def _matches(patch: Document, document: Document) -> bool:
    name = (patch.get("metadata") or {}).get("name", document["metadata"]["name"])
    version = patch.get("apiVersion", document["apiVersion"])
    return (patch["kind"], version, name) == (
        document["kind"],
        document["apiVersion"],
        document["metadata"]["name"],
    )


def patched_line(document: Document, path: str, patches: Sequence[Source]) -> str | None:
    """Return the file and line of the patch that set a field, or None if no patch did.

    Args:
        document: The patched object.
        path: The field, such as `spec.template.spec.containers[0].image`.
        patches: The patches.
    """
    for source in reversed(patches):
        if _matches(source.document, document):
            parts = _parts(path)
            inner = _path_in_patch(document, source.document, parts)
            # A missing field has no line, but the field around it has one.
            if len(inner) > 1 and len(inner) >= len(parts) - 1:
                return f"{source.file}, line {source.line(inner)}"
    return None


def written_line(source: Source, path: str) -> str:
    """Return the file and line of a field of an object that the user wrote."""
    parts = [int(part) if part.isdigit() else part for part in _parts(path)]
    return f"{source.file}, line {source.line(parts)}"


def _parts(path: str) -> list[str]:
    return re.findall(r"[^.\[\]]+", path)


def _path_in_patch(document: Any, patch: Any, parts: Sequence[str]) -> list[str | int]:
    """Return the part of a path that a patch has. The items of its lists have other indexes."""
    inner: list[str | int] = []
    for text in parts:
        part: str | int = int(text) if isinstance(document, list) and text.isdigit() else text
        try:
            document = document[part]
        except (IndexError, KeyError, TypeError):
            document = None
        if isinstance(patch, list):
            index = _index(patch, document)
            if index is None:
                break
            inner.append(index)
            patch = patch[index]
        elif isinstance(patch, dict) and part in patch:
            inner.append(part)
            patch = patch[part]
        else:
            break
    return inner


def _index(items: list[Any], wanted: Any) -> int | None:
    for index, item in enumerate(items):
        if item == wanted:
            return index
        if isinstance(item, dict) and isinstance(wanted, dict):
            for key in ("name", "mountPath", "containerPort", "topologyKey", "key", "ip", "type"):
                if key in item and item[key] == wanted.get(key):
                    return index
    return None


def _refuse_other_identity(before: Document, after: Document, name: str) -> None:
    """Check that a patched object keeps its namespace and ferryman's labels."""
    old, new = before["metadata"], after.get("metadata") or {}
    if old.get("namespace") != new.get("namespace"):
        raise ConfigError(
            f"{name}: a patch changes the namespace of {_called(before)}",
            hint="set namespace in [tool.ferryman.k8s], for all objects",
        )
    if not set(old["labels"].items()) <= set((new.get("labels") or {}).items()):
        raise ConfigError(
            f"{name}: a patch changes labels of {_called(before)} that ferryman needs",
            hint="add labels with other names",
        )


def _called(document: Document) -> str:
    name = (document.get("metadata") or {}).get("name")
    return f"{document['kind']}/{name}" if name else str(document["kind"])
