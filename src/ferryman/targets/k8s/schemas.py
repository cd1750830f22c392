"""Checks documents against the schemas of a Kubernetes version, offline.

The schemas know which fields there are and of which type. They know no quantities, no
names and nothing across two objects.
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
    """Return where a package begins, without importing it.

    Raises:
        ModuleNotFoundError: It is not installed.
    """
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"there is no module {package}", name=package)
    return Path(spec.origin)


# What validates is imported where a document is checked, and is there from the beginning.
for _validating in ("jsonschema", "referencing"):
    _place_of(_validating)

_HOME = _place_of("kubernetes_validate").with_name("kubernetes-json-schema")

_OF_PROJECTS = frozenset(
    f"{name}.k8s.io"
    for name in (
        *("autoscaling", "gateway.networking", "groupsnapshot.storage"),
        *("policy.networking", "snapshot.storage"),
    )
)
"""Groups of Kubernetes' own domain that clusters have only where somebody installed them."""


def offered_versions() -> tuple[str, ...]:
    """Return the versions that there are schemas for, oldest first, as major.minor.

    Those that the manifests are too new for are left out.
    """
    minors = {int(directory.name.split(".")[1]) for directory in _HOME.glob("v1.*")}
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


def errors_of(document: Mapping[str, Any], version: str) -> Iterator[Any]:
    """Yield where a document fails the schema of its kind, which there must be.

    Args:
        document: What is to be written.
        version: The version of Kubernetes, as major.minor.
    """
    kind, api_version = str(document.get("kind")), str(document.get("apiVersion"))
    yield from _validator(api_version, kind, version).iter_errors(document)


def without_nulls(node: Any) -> Any:
    """Return a node as an API server reads it: null is a field that is not set.

    In a list null is an object of no fields, which the schemas would let pass.
    """
    if isinstance(node, dict):
        return {key: without_nulls(value) for key, value in node.items() if value is not None}
    if isinstance(node, list):
        return [{} if item is None else without_nulls(item) for item in node]
    return node


def from_elsewhere(api_version: str) -> bool:
    """Return whether a version is of a group that others bring, so that there may be no schema."""
    group = api_version.rpartition("/")[0]
    return "." in group and (not group.endswith(".k8s.io") or group in _OF_PROJECTS)


def described(document: Mapping[str, Any], version: str) -> bool:
    """Return whether the fields of an object are known here, beside those that all objects have."""
    found = resource_schema(str(document.get("apiVersion")), str(document.get("kind")), version)
    return found is not UNKNOWN


@cache
def resource_schema(api_version: str, kind: str, version: str) -> Mapping[str, Any] | None:
    """Return the schema of a kind in a version of Kubernetes, or None if it has none.

    Of kinds that others bring it knows what all kinds have in common, and of some more.
    """
    if (api_version, kind) in SCHEMAS:
        return SCHEMAS[api_version, kind]
    if from_elsewhere(api_version):
        return UNKNOWN
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
def _validator(api_version: str, kind: str, version: str) -> Any:
    with IMPORTING:  # which takes longer than all else that is done with a document
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
