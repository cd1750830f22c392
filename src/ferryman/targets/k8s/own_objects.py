"""Reads the user's own objects, which belong to the release, from files of the project.

They get the labels and the namespace of the release. A release cannot contain Secrets, because it
would store their values, or objects of the whole cluster.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ferryman.core.errors import ConfigError
from ferryman.targets.k8s.documents import Source, documents_of, read_documents
from ferryman.targets.k8s.manifests.metadata import belonging
from ferryman.targets.k8s.rendering import Document, ordered
from ferryman.targets.k8s.schemas import without_nulls
from ferryman.targets.k8s.values import Values

__all__ = ("read_objects",)

_CLUSTER_WIDE = frozenset(
    (
        *("APIService", "CSIDriver", "CSINode", "CertificateSigningRequest", "ClusterRole"),
        *("ClusterRoleBinding", "ClusterTrustBundle", "ComponentStatus"),
        *("CustomResourceDefinition", "DeviceClass", "FlowSchema", "IPAddress", "IngressClass"),
        *("MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"),
        *("MutatingWebhookConfiguration", "Namespace", "Node", "PersistentVolume"),
        *("PriorityClass", "PriorityLevelConfiguration", "RuntimeClass", "ServiceCIDR"),
        *("StorageClass", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"),
        *("ValidatingWebhookConfiguration", "VolumeAttachment", "VolumeAttributesClass"),
    )
)
"""The cluster-wide kinds of Kubernetes 1.37."""

_EXCLUDED: Mapping[str, tuple[str, str]] = {
    "Secret": (
        "a release is stored with all of its objects, which would include the Secret's value",
        "create it with `kubectl create secret` or an ExternalSecret, and name it in secrets",
    ),
    "Kustomization": (
        "it is not an object, but tells kubectl what to read",
        "list its directory, which kubectl or kustomize then builds, or the files that it names",
    ),
    "List": (
        "it is not an object, but a list of objects",
        "write its items as separate documents, with --- between them",
    ),
}
"""The kinds that cannot belong to a release: why not, and what to do instead."""


def read_objects(
    root: Path, patterns: Collection[str], values: Values, origin: str
) -> dict[str, tuple[Document, Source]]:
    """Return each object and its source, by the name of the object's file in a build.

    Args:
        root: The project's directory.
        patterns: Glob patterns of the files, relative to the project's directory.
        values: The values of the project, for the labels and the namespace.
        origin: The setting that lists the patterns, for errors.

    Raises:
        ConfigError: A pattern matches no file, a file is not YAML, or an object cannot belong to
            a release, or is defined twice.
    """
    objects: dict[str, tuple[Document, Source]] = {}
    for name in dict.fromkeys(n for pattern in patterns for n in _files(root, pattern, origin)):
        for source in _documents(root, name, origin):
            document = _adopted(source, values)
            file = _file_of(document)
            if file in objects:
                raise ConfigError(
                    f"{_place(source)}: {_called(document)} is already defined in "
                    f"{_place(objects[file][1])}",
                    hint="remove one of the two definitions",
                )
            objects[file] = document, source
    return objects


def _files(root: Path, pattern: str, origin: str) -> Iterator[str]:
    path = PurePosixPath(pattern)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ConfigError(
            f"{origin}: {pattern!r} leads out of the project's directory",
            hint="write a pattern relative to that directory, such as k8s/*.yaml",
        )
    paths = (p for p in root.glob(pattern) if p.is_file() or _has_kustomization(p))
    names = sorted(p.relative_to(root).as_posix() for p in paths)
    if not names:
        raise ConfigError(f"{origin}: no file matches {pattern!r}", cause=f"looked in {root}")
    yield from names


def _has_kustomization(directory: Path) -> bool:
    return any((directory / name).is_file() for name in _KUSTOMIZATIONS)


def _documents(root: Path, name: str, origin: str) -> list[Source]:
    if (root / name).is_dir():
        return documents_of(*_kustomized(root, name, origin))
    return read_documents(root, name, origin)


def _adopted(source: Source, values: Values) -> Document:
    """Return an object with the labels and the namespace of the release.

    Raises:
        ConfigError: It cannot belong to a release, or has another namespace or other labels.
    """
    document = _checked(source)
    metadata = document["metadata"]
    namespace = metadata.get("namespace", values.namespace)
    if namespace != values.namespace:
        raise ConfigError(
            f"{_place(source, 'metadata', 'namespace')}: {_called(document)} is in the namespace "
            f"{namespace}, and the release in "
            f"{values.namespace or 'the namespace that it is deployed to'}",
            hint="omit the namespace: the object gets that of the release",
        )
    own, given = belonging(values), metadata.get("labels") or {}
    for key, value in given.items():
        if own.get(key, value) != value:
            raise ConfigError(
                f"{_place(source, 'metadata', 'labels', key)}: the label {key} of "
                f"{_called(document)} must be {own[key]}, as on every object of the release",
                hint="omit the label: ferryman sets it",
            )
    named = {"namespace": namespace} if namespace else {}
    adopted = {**metadata, **named, "labels": {**given, **own}}
    changed: Document = ordered({**document, "metadata": adopted})
    return changed


def _checked(source: Source) -> Document:
    """Return a document, which must be an object that can belong to a release.

    Raises:
        ConfigError: It is not.
    """
    document: Any = without_nulls(source.document)
    place = _place(source)
    head = document if isinstance(document, dict) else {}
    kind, metadata = head.get("kind"), head.get("metadata")
    if not isinstance(kind, str) or not isinstance(head.get("apiVersion"), str):
        raise ConfigError(
            f"{place}: the document is not an object",
            hint="an object has apiVersion, kind and metadata",
        )
    if kind in _EXCLUDED or kind.endswith("List"):
        cause, hint = _EXCLUDED.get(kind, _EXCLUDED["List"])
        raise ConfigError(f"{place}: a {kind} cannot belong to a release", cause=cause, hint=hint)
    if kind in _CLUSTER_WIDE:
        raise ConfigError(
            f"{place}: a {kind} is cluster-wide, and a release belongs to one namespace",
            hint="ask the cluster's administrator to apply it",
        )
    metadata = metadata if isinstance(metadata, dict) else {}
    labels, name = metadata.get("labels") or {}, metadata.get("name")
    if not isinstance(labels, dict) or not isinstance(name, str):
        raise ConfigError(
            f"{place}: the {kind} has no name, or its labels are not a mapping",
            hint="write metadata: {name: ...}; ferryman finds objects by their names",
        )
    return dict(document)


def _file_of(document: Document) -> str:
    """Return the name of an object's file in a build, from its kind and name."""
    group = document["apiVersion"].rpartition("/")[0]
    kind = f"{document['kind']}.{group}" if "." in group else document["kind"]
    name = f"{kind}-{document['metadata']['name']}".lower()
    return f"objects/{re.sub('[^a-z0-9.-]', '_', name)}.yaml"


def _place(source: Source, *path: str) -> str:
    return f"{source.file}, line {source.line(path)}"


def _called(document: Document) -> str:
    return f"{document['kind']}/{document['metadata']['name']}"


_KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")

_TOOLS = (("kubectl", "kustomize"), ("kustomize", "build"))
_SECONDS = 120


def _kustomized(root: Path, name: str, origin: str) -> tuple[bytes, str]:
    """Return the output of building a kustomization, and a name of that output for errors.

    Args:
        root: The project's directory.
        name: The directory of the kustomization, relative to the project's.
        origin: The setting that lists it, for errors.

    Raises:
        ConfigError: No tool is installed, or the tool failed.
    """
    tool = next((tool for tool in _TOOLS if shutil.which(tool[0])), None)
    if tool is None:
        raise ConfigError(
            f"{origin}: {name} is a kustomization, and no tool that builds one is installed",
            hint="install kubectl or kustomize, or list the files of the objects",
        )
    words = (*tool, name)
    command = f"`{' '.join(words)}`"
    try:
        done = subprocess.run(words, cwd=root, capture_output=True, check=False, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"{origin}: {command} failed", cause=str(error)) from None
    if done.returncode:
        cause = done.stderr.decode(errors="replace").strip()[-2000:]
        raise ConfigError(f"{origin}: {command} failed", cause=cause)
    return done.stdout, f"the output of {command}"
