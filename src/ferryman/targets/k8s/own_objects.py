"""The user's own objects that belong to the release, read from files beside the app.

They get the labels by which all of a release is found, and the namespace of the others. What a
release cannot hold is refused: Secrets, whose values it would write down, and what belongs to the
whole cluster.
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
"""The kinds of Kubernetes 1.37 that belong to no namespace."""

_WHY_NOT: Mapping[str, tuple[str, str]] = {
    "Secret": (
        "a release is written down with all of its objects, and a Secret's value would be",
        "make it by `kubectl create secret` or an ExternalSecret, and name it in secrets",
    ),
    "Kustomization": (
        "it is not an object, and tells kubectl what to read",
        "name its directory, which kubectl or kustomize then builds, or the files that it names",
    ),
    "List": (
        "it is not an object, and holds several",
        "put its items apart, with --- between them",
    ),
}


def read_objects(
    root: Path, patterns: Collection[str], values: Values, origin: str
) -> dict[str, tuple[Document, Source]]:
    """Return the objects of the files, each by the name of its file in a build, and its source.

    Args:
        root: The project's directory.
        patterns: The files, as glob patterns relative to it.
        values: What the other objects are made of: the labels and the namespace.
        origin: Where they were set, for the error.

    Raises:
        ConfigError: A pattern matches no file, a file is not YAML, or an object cannot belong to
            a release, or stands twice.
    """
    found: dict[str, tuple[Document, Source]] = {}
    for name in dict.fromkeys(n for pattern in patterns for n in _files(root, pattern, origin)):
        for source in _documents(root, name, origin):
            document = _adopted(source, values)
            file = _file_of(document)
            if file in found:
                raise ConfigError(
                    f"{_place(source)}: {_called(document)} stands there, too: "
                    f"{_place(found[file][1])}",
                    hint="an object belongs to a release once; leave one of them out",
                )
            found[file] = document, source
    return found


def _files(root: Path, pattern: str, origin: str) -> Iterator[str]:
    path = PurePosixPath(pattern)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ConfigError(
            f"{origin}: {pattern!r} leads out of the project's directory",
            hint="write a pattern relative to it, such as k8s/*.yaml",
        )
    found = (p for p in root.glob(pattern) if p.is_file() or _is_kustomization(p))
    names = sorted(p.relative_to(root).as_posix() for p in found)
    if not names:
        raise ConfigError(f"{origin}: no file matches {pattern!r}", cause=f"looked in {root}")
    yield from names


def _is_kustomization(path: Path) -> bool:
    return any((path / name).is_file() for name in _KUSTOMIZATIONS)


def _documents(root: Path, name: str, origin: str) -> list[Source]:
    if (root / name).is_dir():
        return documents_of(*_kustomized(root, name, origin))
    return read_documents(root, name, origin)


def _adopted(source: Source, values: Values) -> Document:
    """Return an object as it belongs to the release.

    Raises:
        ConfigError: It cannot.
    """
    document = _checked(source)
    metadata = document["metadata"]
    namespace = metadata.get("namespace", values.namespace)
    if namespace != values.namespace:
        raise ConfigError(
            f"{_place(source, 'metadata', 'namespace')}: {_called(document)} is in the namespace "
            f"{namespace}, and the release in {values.namespace or 'whichever it is deployed to'}",
            hint="leave its namespace out: it gets that of the release",
        )
    own, given = belonging(values), metadata.get("labels") or {}
    for key, value in given.items():
        if own.get(key, value) != value:
            raise ConfigError(
                f"{_place(source, 'metadata', 'labels', key)}: the label {key} of "
                f"{_called(document)} is {own[key]} for all of the release",
                hint="leave the label out",
            )
    named = {"namespace": namespace} if namespace else {}
    adopted = {**metadata, **named, "labels": {**given, **own}}
    changed: Document = ordered({**document, "metadata": adopted})
    return changed


def _checked(source: Source) -> Document:
    """Return a document that names an object of a namespace."""
    document: Any = without_nulls(source.document)
    place = _place(source)
    head = document if isinstance(document, dict) else {}
    kind, metadata = head.get("kind"), head.get("metadata")
    if not isinstance(kind, str) or not isinstance(head.get("apiVersion"), str):
        raise ConfigError(
            f"{place}: it names no object", hint="an object has apiVersion, kind and metadata"
        )
    if kind in _WHY_NOT or kind.endswith("List"):
        cause, hint = _WHY_NOT.get(kind, _WHY_NOT["List"])
        raise ConfigError(f"{place}: a {kind} cannot belong to a release", cause=cause, hint=hint)
    if kind in _CLUSTER_WIDE:
        raise ConfigError(
            f"{place}: a {kind} belongs to the whole cluster, and a release to one namespace",
            hint="ask the cluster's administrator to apply it",
        )
    metadata = metadata if isinstance(metadata, dict) else {}
    labels, name = metadata.get("labels") or {}, metadata.get("name")
    if not isinstance(labels, dict) or not isinstance(name, str):
        raise ConfigError(
            f"{place}: the {kind} has no name, or no mapping of labels",
            hint="write metadata: {name: ...}; a release finds its objects by their names",
        )
    return dict(document)


def _file_of(document: Document) -> str:
    """Return the name of an object's file in a build, of letters that no path has."""
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
    """Return what a kustomization makes, and what to call that in errors.

    Args:
        root: The project's directory.
        name: The directory with the kustomization, relative to it.
        origin: Where it was set, for the error.

    Raises:
        ConfigError: No tool is installed, or it refuses the kustomization.
    """
    tool = next((tool for tool in _TOOLS if shutil.which(tool[0])), None)
    if tool is None:
        raise ConfigError(
            f"{origin}: {name} is a kustomization, and nothing is installed that builds one",
            hint="install kubectl or kustomize, or name the files of the objects",
        )
    words = (*tool, name)
    try:
        ended = subprocess.run(words, cwd=root, capture_output=True, check=False, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"{origin}: `{' '.join(words)}` failed", cause=str(error)) from None
    if ended.returncode:
        cause = ended.stderr.decode(errors="replace").strip()[-2000:]
        raise ConfigError(f"{origin}: `{' '.join(words)}` failed", cause=cause)
    return ended.stdout, f"the output of `{' '.join(words)}`"
