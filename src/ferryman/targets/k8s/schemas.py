"""Checks documents against the schemas of a Kubernetes version, offline.

The schemas know which fields there are and of which type. They know no quantities, no
names and nothing across two objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from kubernetes_validate.utils import all_versions, schema_contents
from referencing import Registry, Resource

from ferryman.core.errors import BuildError, ConfigError
from ferryman.targets.k8s.foreign import SCHEMAS
from ferryman.targets.k8s.options import OLDEST_VERSION
from ferryman.targets.k8s.rendering import Document

__all__ = (
    "check_document",
    "check_version",
    "definitions",
    "offered_versions",
    "resource_schema",
    "without_nulls",
)


def offered_versions() -> tuple[str, ...]:
    """Return the versions that there are schemas for, oldest first, as major.minor.

    Those that the manifests are too new for are left out.
    """
    minors = {int(version.split(".")[1]) for version in all_versions()}
    oldest = int(OLDEST_VERSION.split(".")[1])
    return tuple(f"1.{minor}" for minor in sorted(minors) if minor >= oldest)


def check_version(version: str, origin: str) -> None:
    """Make sure that there are schemas for a version.

    Args:
        version: The version, as major.minor.
        origin: Where it was set, for the error.

    Raises:
        ConfigError: There are none. Without this check those of the next older version
            would be taken.
    """
    offered = offered_versions()
    if version not in offered:
        raise ConfigError(
            f"{origin}: there are no schemas for kube_version {version}",
            cause=f"kubernetes-validate has those for {', '.join(offered)}",
            hint="set kube_version in [tool.ferryman.k8s] to one of them, "
            "or upgrade kubernetes-validate",
        )


def check_document(document: Document, version: str, file: str) -> None:
    """Make sure that a document fits its kind's schema.

    Args:
        document: What is to be written.
        version: The version of Kubernetes, as major.minor.
        file: The name of its file, for the error.

    Raises:
        BuildError: A field is unknown, missing or of the wrong type, or there is no such
            kind; a cluster would refuse the document, or drop the field in silence.
    """
    kind, api_version = str(document.get("kind")), str(document.get("apiVersion"))
    schema = resource_schema(api_version, kind, version)
    if schema is None:
        raise BuildError(
            f"{file}: Kubernetes {version} has no kind {kind} in apiVersion {api_version}"
        )
    error = next(_validator(api_version, kind, version).iter_errors(document), None)
    if error:
        raise BuildError(
            f"{file}: {_path(error.absolute_path)} is not valid in Kubernetes {version}",
            cause=error.message,
        )


def without_nulls(node: Any) -> Any:
    """Return a node as an API server reads it: null is a field that is not set.

    In a list null is an object of no fields, which the schemas would let pass.
    """
    if isinstance(node, dict):
        return {key: without_nulls(value) for key, value in node.items() if value is not None}
    if isinstance(node, list):
        return [{} if item is None else without_nulls(item) for item in node]
    return node


@cache
def resource_schema(api_version: str, kind: str, version: str) -> Mapping[str, Any] | None:
    """Return the schema of a kind in a version of Kubernetes, or None if it has none."""
    if (api_version, kind) in SCHEMAS:
        return SCHEMAS[api_version, kind]
    group, _, last = api_version.rpartition("/")
    short = "-".join(filter(None, (group.partition(".")[0], last)))
    try:
        found: Mapping[str, Any] = _contents(f"{kind.lower()}-{short}.json", version)
    except OSError:
        return None
    meant = {"group": group, "kind": kind, "version": last}
    return found if meant in found.get("x-kubernetes-group-version-kind", ()) else None


@cache
def definitions(version: str) -> Mapping[str, Any]:
    """Return the parts that the schemas of a version share, by their names."""
    found: Mapping[str, Any] = _contents("_definitions.json", version)["$defs"]
    return found


@cache
def _validator(api_version: str, kind: str, version: str) -> Draft202012Validator:
    schema = resource_schema(api_version, kind, version)
    assert schema is not None
    shared: Resource[Any] = Resource.from_contents(_contents("_definitions.json", version))
    registry: Registry[Any] = shared @ Registry()
    return Draft202012Validator({"$id": f"{shared.id()}/own", **schema}, registry=registry)


@cache
def _contents(file: str, version: str) -> Any:
    return schema_contents(f"kubernetes-json-schema/v{version}.0-local-strict/{file}", version)


def _path(parts: Iterable[str | int]) -> str:
    joined = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return joined.removeprefix(".") or "the document"
