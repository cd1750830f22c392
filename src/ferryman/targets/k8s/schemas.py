"""Checks documents against the schemas of a Kubernetes version, offline.

The schemas know which fields there are and of which type. They know no quantities, no
names and nothing across two objects.
"""

from __future__ import annotations

from collections.abc import Iterable

from kubernetes_validate.utils import (
    SchemaNotFoundError,
    ValidationError,
    all_versions,
    validate,
)

from ferryman.core.errors import BuildError, ConfigError
from ferryman.targets.k8s.options import OLDEST_VERSION
from ferryman.targets.k8s.rendering import Document

__all__ = ("check_document", "check_version", "offered_versions")


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
    try:
        validate(document, version, strict=True)
    except ValidationError as error:
        raise BuildError(
            f"{file}: {_path(error.absolute_path)} is not valid in Kubernetes {version}",
            cause=error.message,
        ) from None
    except (KeyError, SchemaNotFoundError):
        kind, api_version = document.get("kind"), document.get("apiVersion")
        raise BuildError(
            f"{file}: Kubernetes {version} has no kind {kind} in apiVersion {api_version}"
        ) from None


def _path(parts: Iterable[str | int]) -> str:
    joined = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return joined.removeprefix(".") or "the document"
