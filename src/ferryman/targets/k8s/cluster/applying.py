"""Applies changes in order. After a failure the applied objects stay, and a retry continues."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ferryman.core.errors import FerrymanError
from ferryman.targets.k8s.cluster.api import Cluster
from ferryman.targets.k8s.cluster.changes import Action, Change
from ferryman.targets.k8s.cluster.failures import ConflictError
from ferryman.targets.k8s.cluster.kinds import runs_pods
from ferryman.targets.k8s.cluster.ownership import HANDOVER, by_kubectl, from_kubectl, sets_replicas
from ferryman.targets.k8s.rendering import Document

__all__ = ("apply_changes", "delete_leftovers", "fewest_pods", "refuse_conflicts")


_LEAST = {"HorizontalPodAutoscaler": ("minReplicas", 1), "ScaledObject": ("minReplicaCount", 0)}
"""The field of each autoscaler with its minimum of pods, and the default of the field."""


def refuse_conflicts(changes: Iterable[Change]) -> None:
    """Check that no change takes over fields of other managers.

    Raises:
        ConflictError: A change does.
    """
    for change in changes:
        if change.conflicts:
            raise ConflictError(f"apply {change.kind.name}/{change.name}", change.conflicts)


def apply_changes(
    cluster: Cluster,
    changes: Sequence[Change],
    tell: Callable[[str], None],
    *,
    force: bool,
    first: Callable[[], None] = lambda: None,
) -> list[Document]:
    """Apply the objects that are not settled, and return the resulting objects.

    Args:
        cluster: The cluster, with a namespace.
        changes: The changes, in the order of applying.
        tell: Called with each object that changes.
        force: Whether to take over fields of other managers.
        first: Called before any pods are changed.

    Raises:
        FerrymanError: The cluster refused an object, or the connection was lost.
    """
    results = []
    first_pending = True
    wanted = [change for change in changes if not change.settled]
    documents = [change.document for change in changes if change.document]
    for number, change in enumerate(wanted):
        assert change.document is not None
        if first_pending and runs_pods(change.kind):
            first_pending = False
            first()
        try:
            fewest = fewest_pods(documents, change.name)
            results.append(_apply(cluster, change, fewest, force=force))
        except FerrymanError as error:
            if number:
                error.cause = f"{error.cause or error.message} (after {number} of {len(wanted)})"
            raise
        if change.action is not Action.KEEP:
            tell(str(change))
    if first_pending:
        first()
    return results


def _apply(cluster: Cluster, change: Change, fewest: int | None, *, force: bool) -> Document:
    assert change.document is not None
    _keep_replicas(cluster, change, fewest)
    if change.live is not None and by_kubectl(change.live):
        cluster.patch(change.kind, change.name, from_kubectl(change.live))
    applied = cluster.apply(change.document, dry_run=False, force=force or change.regained)
    if applied.created and fewest and _leaves_replicas(change):
        # Without a number there would be one pod until the autoscaler first sets the number.
        return cluster.apply(
            _count(change, fewest), dry_run=False, force=True, manager=HANDOVER
        ).document
    return applied.document


def fewest_pods(documents: Iterable[Document], name: str) -> int | None:
    """Return the minimum of the autoscaler of a Deployment, or None without an autoscaler.

    Args:
        documents: The objects.
        name: The Deployment's name.
    """
    for document in documents:
        if (kind := document["kind"]) in _LEAST:
            spec = document["spec"]
            if spec["scaleTargetRef"]["name"] == name:
                field, usual = _LEAST[kind]
                return int(spec.get(field, usual))
    return None


def delete_leftovers(
    cluster: Cluster, leftovers: Iterable[Change], tell: Callable[[str], None]
) -> None:
    """Delete the objects that the release no longer has.

    Raises:
        FerrymanError: The cluster refused.
    """
    for change in leftovers:
        cluster.delete(change.kind, change.name)
        tell(str(change))


def _keep_replicas(cluster: Cluster, change: Change, fewest: int | None) -> None:
    """Hand the number of pods over to another manager if ferryman no longer sets it.

    A field without a manager falls back to its default: Kubernetes would stop all pods but one
    until the autoscaler first sets the number. Its documentation of server-side apply describes
    this fix.
    """
    live = change.live
    if live is None or not _leaves_replicas(change) or not sets_replicas(live):
        return
    count = _count(change, max(live["spec"]["replicas"], fewest or 1))
    cluster.apply(count, dry_run=False, force=True, manager=HANDOVER)


def _leaves_replicas(change: Change) -> bool:
    return (
        change.kind.name == "Deployment"
        and change.document is not None
        and "replicas" not in change.document["spec"]
    )


def _count(change: Change, replicas: int) -> Document:
    assert change.document is not None
    return {
        "apiVersion": change.document["apiVersion"],
        "kind": change.document["kind"],
        "metadata": {"name": change.name},
        "spec": {"replicas": replicas},
    }
