"""What applying a plan would change.

What the owners of the fields cannot tell is asked of the cluster, by a server-side dry run.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from ferryman.core.errors import FerrymanError
from ferryman.targets.k8s.cluster.api import Applied, Cluster
from ferryman.targets.k8s.cluster.failures import Conflict, ConflictError, Refusal
from ferryman.targets.k8s.cluster.kinds import Kind, kind_of, order_of
from ferryman.targets.k8s.cluster.ownership import (
    HANDOVER,
    by_kubectl,
    settled,
    without_fields_of_kubectl,
)
from ferryman.targets.k8s.manifests.metadata import OWNED
from ferryman.targets.k8s.rendering import Document, ordered, to_yaml

__all__ = (
    "Action",
    "Change",
    "find_changes",
    "find_leftovers",
    "live_objects",
    "owned",
    "ownership",
)

_INSTANCE = "app.kubernetes.io/instance"
_CONTROLLER = "kube-controller-manager"  # it scales in an autoscaler's name

Live = Mapping[tuple[Kind, str], Document]
"""The objects of a project as they are, by kind and name."""

Tell = Callable[[str], None]


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
        document: The object to apply; None to delete it.
        live: The live object, or None.
        conflicts: The fields that others manage, with their owners.
        settled: Whether an apply would change nothing, the owners of fields included.
        regained: Whether fields are ours to take back, from the autoscaler's time.
    """

    kind: Kind
    name: str
    action: Action
    lines: tuple[str, ...]
    document: Document | None
    live: Document | None
    conflicts: tuple[Conflict, ...] = ()
    settled: bool = False
    regained: bool = False

    def __str__(self) -> str:
        """Return the action and the object."""
        return f"{self.action.value} {self.kind.name}/{self.name}"


def ownership(name: str) -> Mapping[str, str]:
    """Return the labels of all that ferryman made for a project."""
    return {**OWNED, _INSTANCE: name}


def owned(document: Document, name: str) -> bool:
    """Return whether ferryman made an object for a project."""
    labels = (document.get("metadata") or {}).get("labels") or {}
    return ownership(name).items() <= labels.items()


def live_objects(
    cluster: Cluster, name: str, kinds: Iterable[Kind], needed: Collection[Kind], tell: Tell
) -> dict[tuple[Kind, str], Document]:
    """Return what ferryman made for a project, of some kinds.

    Args:
        cluster: Where it would be.
        name: The project's name.
        kinds: The kinds that are asked for.
        needed: The kinds among them without which nothing can be done.
        tell: Called with each kind that may not be listed.

    Raises:
        FerrymanError: The cluster refused.
    """
    found: dict[tuple[Kind, str], Document] = {}
    for kind in kinds:
        try:
            listed = cluster.list(kind, ownership(name))
        except Refusal as error:
            if error.status != 403 or kind in needed:
                raise
            tell(f"note: you may not list {kind.plural}; those of earlier releases stay")
            continue
        found |= {(kind, live["metadata"]["name"]): live for live in listed}
    return found


def find_changes(
    cluster: Cluster, objects: Iterable[Document], name: str, live: Live, *, adopt: bool = False
) -> list[Change]:
    """Return the change of each object of a plan, in the order of applying.

    Args:
        cluster: Where they go.
        objects: The plan's.
        name: The project's name.
        live: What ferryman made for the project.
        adopt: Whether objects of the same names that ferryman did not make may be taken over.

    Raises:
        FerrymanError: The cluster refused, or an object is not ours.
    """
    documents = sorted(objects, key=order_of)
    planned = {kind_of(document).name for document in documents}
    return [_change(cluster, document, name, live, planned, adopt) for document in documents]


def _change(
    cluster: Cluster,
    document: Document,
    name: str,
    live: Live,
    planned: Collection[str],
    adopt: bool,
) -> Change:
    kind, called = kind_of(document), document["metadata"]["name"]
    there = live.get((kind, called))
    if there is not None and settled(there, document):
        return Change(kind, called, Action.KEEP, (), document, there, settled=True)
    try:
        applied, conflicts = _tried(cluster, document)
    except Refusal:
        _refuse_foreign(cluster, kind, called, name, there, adopt)
        raise
    if applied.created:
        lines = _difference(None, document, f"{kind.name}/{called}")
        return Change(kind, called, Action.CREATE, tuple(lines), document, None)
    there = there or _refuse_foreign(cluster, kind, called, name, there, adopt)
    result = applied.document
    if there is not None and by_kubectl(there):
        result = without_fields_of_kubectl(there, document, result)
    lines = _difference(there, result, f"{kind.name}/{called}")
    action = Action.CHANGE if lines else Action.KEEP
    theirs = tuple(c for c in conflicts if not _is_ours(c, planned))
    return Change(
        kind,
        called,
        action,
        tuple(lines),
        document,
        there,
        theirs,
        regained=bool(conflicts) and not theirs,
    )


def _tried(cluster: Cluster, document: Document) -> tuple[Applied, tuple[Conflict, ...]]:
    """Return what an apply would do, and whose fields it would take."""
    try:
        return cluster.apply(document, dry_run=True, force=False), ()
    except ConflictError as error:
        return cluster.apply(document, dry_run=True, force=True), error.conflicts


def _refuse_foreign(
    cluster: Cluster, kind: Kind, called: str, name: str, known: Document | None, adopt: bool
) -> Document | None:
    """Return what is there, and is ours or may be adopted.

    Raises:
        FerrymanError: It is not ours.
    """
    there = known or cluster.get(kind, called)
    if there is not None and not adopt and not owned(there, name):
        raise _foreign(kind, called, cluster.namespace, there)
    return there


def _is_ours(conflict: Conflict, planned: Collection[str]) -> bool:
    """Return whether a field is ours to take: our own from before, or an autoscaler's that goes."""
    field, owner = conflict
    if owner in (HANDOVER, "kubectl-client-side-apply"):
        return True
    scaled = bool({"HorizontalPodAutoscaler", "ScaledObject"} & {*planned})
    return field == "spec.replicas" and owner == _CONTROLLER and not scaled


def _foreign(kind: Kind, name: str, namespace: str, live: Document) -> FerrymanError:
    managers = sorted({m["manager"] for m in live["metadata"].get("managedFields") or ()})
    return FerrymanError(
        f"{kind.name}/{name} in the namespace {namespace} is not this project's",
        cause=f"it is managed by {', '.join(managers)}" if managers else "it lacks our labels",
        hint="rename the project, or take the object over with --adopt",
    )


def find_leftovers(
    live: Live, objects: Iterable[Document], kept: Collection[tuple[Kind, str]] = ()
) -> list[Change]:
    """Return what ferryman once made for a project and makes no longer.

    Args:
        live: What ferryman made for the project.
        objects: What the project makes; nothing if all of it is to go.
        kept: What stays all the same, for releases that can be gone back to.
    """
    staying = {(kind_of(d), d["metadata"]["name"]) for d in objects} | set(kept)
    going = [
        (kind, name, document)
        for (kind, name), document in live.items()
        if (kind, name) not in staying
        and not document["metadata"].get("deletionTimestamp")
        and not document["metadata"].get("ownerReferences")
    ]
    going.sort(key=lambda one: -order_of(one[2]))
    return [
        Change(
            kind,
            name,
            Action.DELETE,
            tuple(_difference(document, None, f"{kind.name}/{name}")),
            None,
            document,
        )
        for kind, name, document in going
    ]


_NOISE = (
    *("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"),
)
_NOISY_ANNOTATIONS = (
    "deployment.kubernetes.io/revision",
    "kubectl.kubernetes.io/last-applied-configuration",
)


def _essence(document: Document) -> Document:
    """Return a document without what the cluster writes into every object of itself."""
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


def _difference(before: Document | None, after: Document | None, title: str) -> list[str]:
    """Return the lines of a unified diff; none where nothing differs.

    Args:
        before: The object as it is, or None.
        after: The object as it is to be, or None.
        title: What it is called.
    """
    old, new = (None if document is None else _essence(document) for document in (before, after))
    if old == new:
        return []
    lines = difflib.unified_diff(
        _lines(old), _lines(new), f"live {title}", f"new {title}", lineterm="", n=3
    )
    return list(lines)


def _lines(document: Document | None) -> list[str]:
    return [] if document is None else to_yaml(ordered(document)).splitlines()
