"""What applying a plan would change: each object asked about by a server-side dry run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from ferryman.core.errors import FerrymanError
from ferryman.targets.k8s.cluster.api import Cluster
from ferryman.targets.k8s.cluster.difference import difference
from ferryman.targets.k8s.cluster.failures import Conflict, ConflictError, Refusal
from ferryman.targets.k8s.cluster.kinds import KINDS, OWN_KINDS, Kind, kind_of, order_of
from ferryman.targets.k8s.manifests.metadata import OWNED
from ferryman.targets.k8s.rendering import Document

__all__ = ("Action", "Change", "find_changes", "find_leftovers", "owned", "ownership")

_INSTANCE = "app.kubernetes.io/instance"


class Action(Enum):
    """What happens to an object."""

    CREATE = "create"
    CHANGE = "change"
    KEEP = "keep"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one object.

    Attributes:
        kind: The object's kind.
        name: Its name.
        action: What happens.
        lines: A diff of it.
        document: What is applied; None where it is deleted.
        live: What is there; None where there is nothing.
        conflicts: The fields that others manage, with their owners.
    """

    kind: Kind
    name: str
    action: Action
    lines: tuple[str, ...]
    document: Document | None
    live: Document | None
    conflicts: tuple[Conflict, ...] = ()

    def __str__(self) -> str:
        """Return the action and the object."""
        return f"{self.action.value} {self.kind.name}/{self.name}"


def ownership(name: str) -> Mapping[str, str]:
    """Return the labels of all that ferryman made for a project."""
    return {**OWNED, _INSTANCE: name}


def owned(document: Document, name: str) -> bool:
    """Say whether ferryman made an object for a project."""
    labels = (document.get("metadata") or {}).get("labels") or {}
    return ownership(name).items() <= labels.items()


def find_changes(
    cluster: Cluster, objects: Mapping[str, Document], name: str, *, adopt: bool = False
) -> list[Change]:
    """Return what happens to each object of a plan, in the order of applying.

    Args:
        cluster: Where they go.
        objects: The plan's.
        name: The project's name.
        adopt: Whether objects of the same names that ferryman did not make may be taken over.

    Raises:
        FerrymanError: The cluster refused, or an object is not ours.
    """
    documents = sorted(objects.values(), key=order_of)
    return [_change(cluster, document, name, adopt) for document in documents]


def _change(cluster: Cluster, document: Document, name: str, adopt: bool) -> Change:
    kind, called = kind_of(document), document["metadata"]["name"]
    live = cluster.get(kind, called)
    if live is not None and not adopt and not owned(live, name):
        raise _foreign(kind, called, cluster.namespace, live)
    conflicts: tuple[Conflict, ...] = ()
    try:
        result = cluster.apply(document, dry_run=True, force=False)
    except ConflictError as error:
        conflicts = error.conflicts
        result = cluster.apply(document, dry_run=True, force=True)
    lines = difference(live, document if live is None else result, f"{kind.name}/{called}")
    action = Action.CREATE if live is None else Action.CHANGE if lines else Action.KEEP
    return Change(kind, called, action, tuple(lines), document, live, conflicts)


def _foreign(kind: Kind, name: str, namespace: str, live: Document) -> FerrymanError:
    managers = sorted({m["manager"] for m in live["metadata"].get("managedFields") or ()})
    return FerrymanError(
        f"{kind.name}/{name} in the namespace {namespace} is not this project's",
        cause=f"it is managed by {', '.join(managers)}" if managers else "it lacks our labels",
        hint="rename the project, or take the object over with --adopt",
    )


def find_leftovers(
    cluster: Cluster, objects: Mapping[str, Document], name: str, tell: Callable[[str], None]
) -> list[Change]:
    """Return what ferryman once made for a project and makes no longer.

    What an older release needs that the cluster could go back to stays.

    Args:
        cluster: Where it would be.
        objects: What the project makes; nothing if all of it is to go.
        name: The project's name.
        tell: Told of kinds that could not be looked at, for whoever deploys has no right to.

    Raises:
        FerrymanError: The cluster refused.
    """
    planned = {(kind_of(d), d["metadata"]["name"]) for d in objects.values()}
    kept = _needed(cluster, name) if objects else set()
    return [
        Change(
            kind,
            live["metadata"]["name"],
            Action.DELETE,
            tuple(difference(live, None, f"{kind.name}/{live['metadata']['name']}")),
            None,
            live,
        )
        for kind in reversed(OWN_KINDS)
        for live in _made(cluster, kind, name, tell, needed=_is_needed(kind, planned))
        if (kind, live["metadata"]["name"]) not in planned
        and (kind.name, live["metadata"]["name"]) not in kept
        and not (
            live["metadata"].get("deletionTimestamp") or live["metadata"].get("ownerReferences")
        )
    ]


def _is_needed(kind: Kind, planned: set[tuple[Kind, str]]) -> bool:
    """Say whether a kind must be looked at: whoever has no use for one may have no right to it."""
    if planned:
        return any(kind == other for other, _ in planned)
    return kind.brought_by is None


def _made(
    cluster: Cluster, kind: Kind, name: str, tell: Callable[[str], None], *, needed: bool
) -> list[Document]:
    try:
        return cluster.list(kind, ownership(name))
    except Refusal as error:
        if error.status != 403 or needed:
            raise
        tell(f"note: you may not list {kind.plural}; if an earlier release left some, they stay")
        return []


def _needed(cluster: Cluster, name: str) -> set[tuple[str, str]]:
    """Return the ConfigMaps of all releases that are there or can be gone back to."""
    found: set[tuple[str, str]] = set()
    for replica_set in cluster.list(KINDS["ReplicaSet"], {_INSTANCE: name}):
        pod = ((replica_set.get("spec") or {}).get("template") or {}).get("spec") or {}
        for container in pod.get("containers") or ():
            for source in container.get("envFrom") or ():
                if reference := source.get("configMapRef"):
                    found.add(("ConfigMap", reference["name"]))
    return found
