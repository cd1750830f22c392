"""Digests of the Secrets and ConfigMaps that pods read, so that a change restarts the pods.

An annotation of the pods holds the digests. A Secret's digest includes its uid, which only users
who may read the Secret know: others cannot find its value by trying values against the digest.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from ferryman.targets.k8s.cluster.api import Cluster
from ferryman.targets.k8s.cluster.failures import Refusal
from ferryman.targets.k8s.cluster.kinds import KINDS, Kind, kind_of
from ferryman.targets.k8s.rendering import Document

__all__ = ("ANNOTATION", "references", "with_digests")

ANNOTATION = "ferryman.dev/references"
"""The pods' annotation with the digest of each object that they read, as JSON."""

_SECRET, _CONFIG_MAP = KINDS["Secret"], KINDS["ConfigMap"]
_LASTING = ("Deployment", "StatefulSet", "DaemonSet")

Reference = tuple[Kind, str]


def references(documents: Iterable[Document]) -> set[Reference]:
    """Return the kinds and names of the Secrets and ConfigMaps that long-running pods read."""
    return {reference for document in documents for reference in _read_by(document)}


def with_digests(
    cluster: Cluster,
    documents: Iterable[Document],
    before: Iterable[Document],
    tell: Callable[[str], None],
) -> list[Document]:
    """Return the objects with digests of the Secrets and ConfigMaps that their pods read.

    An object that the user may not read keeps its digest from the last release.

    Args:
        cluster: The cluster, with a namespace.
        documents: The objects.
        before: The objects of the last release.
        tell: Called with each object that the user may not read.

    Raises:
        FerrymanError: The cluster does not answer.
    """
    documents = list(documents)
    own = {(kind_of(d), d["metadata"]["name"]): d for d in documents}
    last = {name: digest for d in before for name, digest in _annotated(d).items()}
    digests: dict[str, str] = {}
    for kind, name in sorted(references(documents), key=str):
        subject = f"{kind.name}/{name}"
        try:
            digest = _digest(own.get((kind, name)) or cluster.get(kind, name))
        except Refusal as error:
            if error.status != 403:
                raise
            tell(f"note: you may not read {subject}, so its changes restart no pods")
            digest = last.get(subject)
        if digest is not None:
            digests[subject] = digest
    return [_annotate(document, digests) for document in documents]


def _read_by(document: Document) -> Iterator[Reference]:
    pod = _template(document).get("spec") or {}
    sources = [s for volume in pod.get("volumes") or () for s in _sources(volume)]
    for container in (*(pod.get("initContainers") or ()), *(pod.get("containers") or ())):
        sources += container.get("envFrom") or ()
        sources += [v.get("valueFrom") or {} for v in container.get("env") or ()]
    for source in sources:
        for field, kind in _FIELDS.items():
            named = source.get(field) or {}
            if name := named.get("name") or named.get("secretName"):
                yield kind, name


_FIELDS = {
    **dict.fromkeys(("secret", "secretRef", "secretKeyRef"), _SECRET),
    **dict.fromkeys(("configMap", "configMapRef", "configMapKeyRef"), _CONFIG_MAP),
}


def _sources(volume: dict[str, Any]) -> list[dict[str, Any]]:
    return [volume, *((volume.get("projected") or {}).get("sources") or ())]


def _template(document: Document) -> Document:
    """Return the template of an object's long-running pods, or an empty mapping."""
    lasting = document["kind"] in _LASTING or kind_of(document) == KINDS["Knative"]
    return document["spec"]["template"] if lasting else {}


def _digest(document: Document | None) -> str | None:
    """Return the digest of an object's data, or None if the object does not exist."""
    if document is None:
        return None
    data = {key: document.get(key) for key in ("data", "binaryData", "stringData")}
    text = json.dumps([document["metadata"].get("uid"), data], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _annotated(document: Document) -> dict[str, str]:
    annotations = (_template(document).get("metadata") or {}).get("annotations") or {}
    digests: dict[str, str] = json.loads(annotations.get(ANNOTATION, "{}"))
    return digests


def _annotate(document: Document, digests: dict[str, str]) -> Document:
    read = {f"{kind.name}/{name}" for kind, name in _read_by(document)}
    own = {subject: digests[subject] for subject in sorted(read & digests.keys())}
    if not own:
        return document
    spec, template = document["spec"], document["spec"]["template"]
    metadata = template.get("metadata") or {}
    annotations = {**(metadata.get("annotations") or {}), ANNOTATION: json.dumps(own)}
    changed = {**template, "metadata": {**metadata, "annotations": annotations}}
    return {**document, "spec": {**spec, "template": changed}}
