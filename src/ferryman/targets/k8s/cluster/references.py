"""Digests of the Secrets and ConfigMaps that pods read, so that a change of one restarts them.

They stand in an annotation of the pods. A Secret's is keyed with the Secret's uid, which only those
know who may read the Secret: others cannot try values until one fits.
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
"""The annotation of pods with the digest of each object that they read, as JSON."""

_SECRET, _CONFIG_MAP = KINDS["Secret"], KINDS["ConfigMap"]
_LASTING = ("Deployment", "StatefulSet", "DaemonSet")

Reference = tuple[Kind, str]


def references(documents: Iterable[Document]) -> set[Reference]:
    """Return what the lasting pods of some objects read: kinds and names."""
    return {each for document in documents for each in _read_by(document)}


def with_digests(
    cluster: Cluster,
    documents: Iterable[Document],
    before: Iterable[Document],
    tell: Callable[[str], None],
) -> list[Document]:
    """Return objects with the digests of what their pods read.

    What may not be read keeps the digest that it had in the last release.

    Args:
        cluster: Where they go.
        documents: The objects.
        before: Those of the last release.
        tell: Called with each object that may not be read.

    Raises:
        FerrymanError: The cluster does not answer.
    """
    documents = list(documents)
    own = {(kind_of(d), d["metadata"]["name"]): d for d in documents}
    known = {name: digest for d in before for name, digest in _annotated(d).items()}
    found: dict[str, str] = {}
    for kind, name in sorted(references(documents), key=str):
        called = f"{kind.name}/{name}"
        try:
            digest = _digest(own.get((kind, name)) or cluster.get(kind, name))
        except Refusal as error:
            if error.status != 403:
                raise
            tell(f"note: you may not read {called}: a change of it restarts no pod")
            digest = known.get(called)
        if digest is not None:
            found[called] = digest
    return [_annotate(document, found) for document in documents]


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
    """Return the template of the pods that an object keeps running; empty if it keeps none."""
    lasting = document["kind"] in _LASTING or kind_of(document) == KINDS["Knative"]
    return document["spec"]["template"] if lasting else {}


def _digest(document: Document | None) -> str | None:
    """Return the digest of what an object holds; None if there is none."""
    if document is None:
        return None
    held = {key: document.get(key) for key in ("data", "binaryData", "stringData")}
    text = json.dumps([document["metadata"].get("uid"), held], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _annotated(document: Document) -> dict[str, str]:
    annotations = (_template(document).get("metadata") or {}).get("annotations") or {}
    held: dict[str, str] = json.loads(annotations.get(ANNOTATION, "{}"))
    return held


def _annotate(document: Document, digests: dict[str, str]) -> Document:
    read = {f"{kind.name}/{name}" for kind, name in _read_by(document)}
    own = {called: digests[called] for called in sorted(read & digests.keys())}
    if not own:
        return document
    spec, template = document["spec"], document["spec"]["template"]
    metadata = template.get("metadata") or {}
    annotations = {**(metadata.get("annotations") or {}), ANNOTATION: json.dumps(own)}
    changed = {**template, "metadata": {**metadata, "annotations": annotations}}
    return {**document, "spec": {**spec, "template": changed}}
