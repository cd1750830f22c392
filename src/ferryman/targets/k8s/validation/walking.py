"""Walks an object along its schema, and gives each mapping the name of its API type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from ferryman.targets.k8s.schemas import definitions, resource_schema

__all__ = ("Node", "nodes")

_API = "io.k8s.api."


@dataclass(frozen=True, slots=True)
class Node:
    """A mapping within an object.

    Attributes:
        type: Its type, such as `core.v1.Container`; for the whole object its version and kind.
        path: Its path, such as `spec.template.spec`.
        value: The mapping.
        parents: The typed nodes around it, outermost first.
    """

    type: str
    path: str
    value: Mapping[str, Any]
    parents: tuple[Node, ...]

    def within(self, *types: str) -> Node | None:
        """Return the nearest parent of one of some types, or None."""
        return next((node for node in reversed(self.parents) if node.type in types), None)

    def at(self, *parts: str | int) -> str:
        """Return the path of a field or item below the node."""
        path = self.path
        for part in parts:
            path += f"[{part}]" if isinstance(part, int) else f".{part}"
        return path.removeprefix(".")


def nodes(document: Mapping[str, Any], version: str) -> Iterator[Node]:
    """Yield each typed mapping of an object, outermost first.

    Args:
        document: The object, which fits its schema.
        version: The version of Kubernetes, as major.minor.
    """
    kind, api_version = str(document.get("kind")), str(document.get("apiVersion"))
    schema = resource_schema(api_version, kind, version)
    if schema is not None:
        yield from _walk(document, schema, f"{api_version} {kind}", "", (), version)


def _walk(
    value: Any,
    schema: Mapping[str, Any],
    name: str,
    path: str,
    parents: tuple[Node, ...],
    version: str,
) -> Iterator[Node]:
    if isinstance(value, dict):
        node = Node(name, path, value, parents)
        if name:
            yield node
            parents = (*parents, node)
        properties = schema.get("properties", {})
        more = schema.get("additionalProperties")
        for key, below in value.items():
            if not isinstance(below, dict | list):
                continue
            found = properties.get(key, more if isinstance(more, dict) else {})
            typed, resolved = _resolved(found, version)
            yield from _walk(
                below, resolved, typed, f"{path}.{key}" if path else key, parents, version
            )
    elif isinstance(value, list):
        typed, resolved = _resolved(schema.get("items") or {}, version)
        for index, item in enumerate(value):
            yield from _walk(item, resolved, typed, f"{path}[{index}]", parents, version)


def _resolved(schema: Mapping[str, Any], version: str) -> tuple[str, Mapping[str, Any]]:
    reference = schema.get("$ref")
    if reference is None:
        return str(schema.get("title", "")), schema
    return _definition(reference.rpartition("/")[2], version)


@cache
def _definition(name: str, version: str) -> tuple[str, Mapping[str, Any]]:
    found = definitions(version).get(name, {})
    short = name.removeprefix(_API)
    # io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector
    return (".".join(short.split(".")[-3:]), found)
