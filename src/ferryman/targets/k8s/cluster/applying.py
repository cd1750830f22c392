"""Applies changes, in order; what it did before a failure stays, and can be done again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ferryman.core.errors import FerrymanError
from ferryman.targets.k8s.cluster.api import MANAGER, Cluster
from ferryman.targets.k8s.cluster.changes import Action, Change
from ferryman.targets.k8s.cluster.failures import ConflictError
from ferryman.targets.k8s.rendering import Document

__all__ = ("apply_changes", "delete_leftovers", "refuse_conflicts", "sets_replicas")

_HANDOVER = "ferryman-replicas"
"""Who keeps the number of pods while it goes from us to an autoscaler."""


def refuse_conflicts(changes: Iterable[Change]) -> None:
    """See that no change takes a field from another manager.

    Raises:
        ConflictError: One does.
    """
    for change in changes:
        if change.conflicts:
            raise ConflictError(f"apply {change.kind.name}/{change.name}", change.conflicts)


def apply_changes(
    cluster: Cluster, changes: Sequence[Change], tell: Callable[[str], None], *, force: bool
) -> None:
    """Apply all objects, those too that stay the same: each is then ours for certain.

    Args:
        cluster: Where they go.
        changes: What was found to change, in the order of applying.
        tell: Told of each object.
        force: Whether fields of other managers are taken over.

    Raises:
        FerrymanError: The cluster refused one, or the connection was lost.
    """
    for number, change in enumerate(changes):
        assert change.document is not None
        try:
            _keep_replicas(cluster, change)
            cluster.apply(change.document, dry_run=False, force=force)
        except FerrymanError as error:
            if number:
                error.cause = f"{error.cause or error.message} (after {number} of {len(changes)})"
            raise
        if change.action is not Action.KEEP:
            tell(str(change))


def delete_leftovers(
    cluster: Cluster, leftovers: Iterable[Change], tell: Callable[[str], None]
) -> None:
    """Delete objects.

    Raises:
        FerrymanError: The cluster refused.
    """
    for change in leftovers:
        cluster.delete(change.kind, change.name, dry_run=False)
        tell(str(change))


def _keep_replicas(cluster: Cluster, change: Change) -> None:
    """Hand the number of pods over where it is no longer ours to say.

    A field that its last manager drops falls back to its default: all pods but one would
    be stopped until the autoscaler has its first look. Kubernetes' documentation of
    server-side apply tells this way out.
    """
    live, document = change.live, change.document
    if live is None or document is None or change.kind.name != "Deployment":
        return
    if "replicas" in document["spec"] or not sets_replicas(live):
        return
    count: Document = {
        "apiVersion": document["apiVersion"],
        "kind": document["kind"],
        "metadata": {"name": change.name},
        "spec": {"replicas": live["spec"]["replicas"]},
    }
    cluster.apply(count, dry_run=False, force=True, manager=_HANDOVER)


def sets_replicas(live: Document) -> bool:
    """Say whether the number of a Deployment's pods is ours to say."""
    return any(
        entry.get("manager") == MANAGER
        and entry.get("operation") == "Apply"
        and "f:replicas" in (entry.get("fieldsV1") or {}).get("f:spec", {})
        for entry in live["metadata"].get("managedFields") or ()
    )
