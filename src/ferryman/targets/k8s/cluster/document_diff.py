"""What differs between two documents, as a reader wants to see it. Pure.

What the cluster writes into every object is left out: it changes without anyone's doing.
"""

from __future__ import annotations

import copy
import difflib

from ferryman.targets.k8s.rendering import Document, ordered, to_yaml

__all__ = ("difference", "essence")

_NOISE = (
    *("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"),
)
_NOISY_ANNOTATIONS = (
    "deployment.kubernetes.io/revision",
    "kubectl.kubernetes.io/last-applied-configuration",
)


def essence(document: Document) -> Document:
    """Return a document without what the cluster writes into it of itself."""
    kept: Document = copy.deepcopy({k: v for k, v in document.items() if k != "status"})
    metadata = kept.get("metadata", {})
    for name in _NOISE:
        metadata.pop(name, None)
    annotations = metadata.get("annotations") or {}
    for name in _NOISY_ANNOTATIONS:
        annotations.pop(name, None)
    if not annotations:
        metadata.pop("annotations", None)
    return kept


def difference(before: Document | None, after: Document | None, title: str) -> list[str]:
    """Return the lines of a unified diff; none where nothing differs.

    Args:
        before: The object as it is, or None.
        after: The object as it is to be, or None.
        title: What it is called.
    """
    old, new = (None if document is None else essence(document) for document in (before, after))
    if old == new:
        return []
    lines = difflib.unified_diff(
        _lines(old), _lines(new), f"live {title}", f"new {title}", lineterm="", n=3
    )
    return list(lines)


def _lines(document: Document | None) -> list[str]:
    return [] if document is None else to_yaml(ordered(document)).splitlines()
