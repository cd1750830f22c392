"""Checks documents against the schemas of a Kubernetes version, offline.

The schemas define the fields and their types. They do not check quantities or names, or compare
objects.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ferryman.building.import_lock import IMPORTING
from ferryman.core.errors import ConfigError
from ferryman.targets.k8s.custom_kinds import SCHEMAS, UNKNOWN
from ferryman.targets.k8s.options import OLDEST_VERSION

__all__ = (
    "check_version",
    "definitions",
    "described",
    "errors_of",
    "from_elsewhere",
    "offered_versions",
    "resource_schema",
    "without_nulls",
)


def _place_of(package: str) -> Path:
    """Return the path of a package's `__init__.py`, without importing the package.

    Raises:
        ModuleNotFoundError: The package is not installed.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"there is no module {package}", name=package)
    return Path(spec.origin)


# Fail now if these packages are missing. They are imported only to check a document.
for _package in ("jsonschema", "referencing"):
    _place_of(_package)

_HOME = _place_of("kubernetes_validate").with_name("kubernetes-json-schema")

_OF_PROJECTS = frozenset(
    f"{name}.k8s.io"
    for name in (
        *("autoscaling", "gateway.networking", "groupsnapshot.storage"),
        *("policy.networking", "snapshot.storage"),
    )
)
"""API groups under k8s.io that are not part of Kubernetes and need to be installed."""


def offered_versions() -> tuple[str, ...]:
    """Return the versions with schemas that the manifests support, oldest first, as major.minor."""
    minors = {int(directory.name.split(".")[1]) for directory in _HOME.glob("v1.*")}
    oldest = int(OLDEST_VERSION.split(".")[1])
    return tuple(f"1.{minor}" for minor in sorted(minors) if minor >= oldest)


def check_version(version: str, origin: str) -> None:
    """Check that there are schemas for a version.

    Args:
        version: The version, as major.minor.
        origin: The place where the user set it, for the error.

    Raises:
        ConfigError: There are none.
    """
    offered = offered_versions()
    if version not in offered:
        raise ConfigError(
            f"{origin}: there are no schemas for kube_version {version}",
            cause=f"kubernetes-validate has schemas for {', '.join(offered)}",
            hint="set kube_version in [tool.ferryman.k8s] to one of them, "
            "or upgrade kubernetes-validate",
        )


def errors_of(document: Mapping[str, Any], version: str) -> Iterator[Any]:
    """Yield the errors of a document against the schema of its kind, which must exist.

    Args:
        document: The document.
        version: The version of Kubernetes, as major.minor.
    """
    kind, api_version = str(document.get("kind")), str(document.get("apiVersion"))
    yield from _validator(api_version, kind, version).iter_errors(document)


def without_nulls(node: Any) -> Any:
    """Return a node as an API server reads it: a field that is null is not set.

    The server reads a null in a list as an object without fields.
    """
    if isinstance(node, dict):
        return {key: without_nulls(value) for key, value in node.items() if value is not None}
    if isinstance(node, list):
        return [{} if item is None else without_nulls(item) for item in node]
    return node


def from_elsewhere(api_version: str) -> bool:
    """Return whether an API group is not part of Kubernetes, so that it may have no schema here."""
    group = api_version.rpartition("/")[0]
    return "." in group and (not group.endswith(".k8s.io") or group in _OF_PROJECTS)


def described(document: Mapping[str, Any], version: str) -> bool:
    """Return whether the schema of an object's kind is known."""
    schema = resource_schema(str(document.get("apiVersion")), str(document.get("kind")), version)
    return schema is not UNKNOWN


@cache
def resource_schema(api_version: str, kind: str, version: str) -> Mapping[str, Any] | None:
    """Return the schema of a kind in a version of Kubernetes, or None if it has no such kind.

    For most kinds that are not part of Kubernetes it returns `UNKNOWN`.
    """
    if (api_version, kind) in SCHEMAS:
        return SCHEMAS[api_version, kind]
    if from_elsewhere(api_version):
        return UNKNOWN
    group, _, last = api_version.rpartition("/")
    short = "-".join(filter(None, (group.partition(".")[0], last)))
    try:
        schema: Mapping[str, Any] = _contents(f"{kind.lower()}-{short}.json", version)
    except OSError:
        return None
    identity = {"group": group, "kind": kind, "version": last}
    return schema if identity in schema.get("x-kubernetes-group-version-kind", ()) else None


@cache
def definitions(version: str) -> Mapping[str, Any]:
    """Return the definitions that the schemas of a version share, by name."""
    shared: Mapping[str, Any] = _contents("_definitions.json", version)["$defs"]
    return shared


@cache
def _validator(api_version: str, kind: str, version: str) -> Any:
    with IMPORTING:  # the import takes longer than the check of a document
        from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
        from referencing import Registry, Resource

    schema = resource_schema(api_version, kind, version)
    assert schema is not None
    shared: Resource[Any] = Resource.from_contents(_contents("_definitions.json", version))
    registry: Registry[Any] = shared @ Registry()
    return Draft202012Validator({"$id": f"{shared.id()}/own", **schema}, registry=registry)


@cache
def _contents(file: str, version: str) -> Any:
    return json.loads((_HOME / f"v{version}.0-local-strict" / file).read_bytes())
