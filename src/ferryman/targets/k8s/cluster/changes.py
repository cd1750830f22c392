"""Finds what applying a plan would change.

If the owners of the fields do not answer this, a server-side dry run does.
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
_CONTROLLER = "kube-controller-manager"  # it scales on behalf of an autoscaler

Live = Mapping[tuple[Kind, str], Document]
"""The live objects of a project, by kind and name."""

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
        lines: The lines of a unified diff.
        document: The object to apply; None to delete it.
        live: The live object, or None.
        conflicts: The fields that other managers own, with their owners.
        settled: Whether an apply would change nothing, including the owners of fields.
        regained: Whether the apply takes over fields that it may, such as a former autoscaler's.
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
    """Return the labels of all objects that ferryman creates for a project."""
    return {**OWNED, _INSTANCE: name}


def owned(document: Document, name: str) -> bool:
    """Return whether ferryman created an object for a project."""
    labels = (document.get("metadata") or {}).get("labels") or {}
    return ownership(name).items() <= labels.items()


def live_objects(
    cluster: Cluster, name: str, kinds: Iterable[Kind], needed: Collection[Kind], tell: Tell
) -> dict[tuple[Kind, str], Document]:
    """Return the live objects of some kinds that ferryman created for a project.

    Args:
        cluster: The cluster, with a namespace.
        name: The project's name.
        kinds: The kinds to list.
        needed: The kinds among them that the user must be allowed to list.
        tell: Called with each other kind that the user may not list.

    Raises:
        FerrymanError: The cluster refused.
    """
    live: dict[tuple[Kind, str], Document] = {}
    for kind in kinds:
        try:
            objects = cluster.list(kind, ownership(name))
        except Refusal as error:
            if error.status != 403 or kind in needed:
                raise
            tell(f"note: you may not list {kind.plural}; those of earlier releases stay")
            continue
        live |= {(kind, document["metadata"]["name"]): document for document in objects}
    return live


def find_changes(
    cluster: Cluster, objects: Iterable[Document], name: str, live: Live, *, adopt: bool = False
) -> list[Change]:
    """Return the change of each object of a plan, in the order of applying.

    Args:
        cluster: The cluster, with a namespace.
        objects: The objects of the plan.
        name: The project's name.
        live: The live objects of the project.
        adopt: Whether to take over objects of the same names that ferryman did not create.

    Raises:
        FerrymanError: The cluster refused, or an object is not the project's.
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
    kind, object_name = kind_of(document), document["metadata"]["name"]
    title = f"{kind.name}/{object_name}"
    existing = live.get((kind, object_name))
    if existing is not None and settled(existing, document):
        return Change(kind, object_name, Action.KEEP, (), document, existing, settled=True)
    try:
        applied, conflicts = _dry_run(cluster, document)
    except Refusal:
        if existing is None:
            _existing(cluster, kind, object_name, name, adopt)
        raise
    if applied.created:
        lines = _difference(None, document, title)
        return Change(kind, object_name, Action.CREATE, lines, document, None)
    existing = existing or _existing(cluster, kind, object_name, name, adopt)
    result = applied.document
    if existing is not None and by_kubectl(existing):
        result = without_fields_of_kubectl(existing, document, result)
    lines = _difference(existing, result, title)
    theirs = tuple(c for c in conflicts if not _may_take(c, planned))
    return Change(
        kind,
        object_name,
        Action.CHANGE if lines else Action.KEEP,
        lines,
        document,
        existing,
        theirs,
        regained=bool(conflicts) and not theirs,
    )


def _dry_run(cluster: Cluster, document: Document) -> tuple[Applied, tuple[Conflict, ...]]:
    """Return the result of a forced apply, and the fields that it would take over."""
    try:
        return cluster.apply(document, dry_run=True, force=False), ()
    except ConflictError as error:
        return cluster.apply(document, dry_run=True, force=True), error.conflicts


def _existing(
    cluster: Cluster, kind: Kind, object_name: str, name: str, adopt: bool
) -> Document | None:
    """Return the existing object that was not listed as the project's, or None.

    Raises:
        FerrymanError: The object is not the project's, and `adopt` is False.
    """
    existing = cluster.get(kind, object_name)
    if existing is None or adopt or owned(existing, name):
        return existing
    managers = sorted({m["manager"] for m in existing["metadata"].get("managedFields") or ()})
    managed = f"it is managed by {', '.join(managers)}"
    raise FerrymanError(
        f"{kind.name}/{object_name} in the namespace {cluster.namespace} is not this project's",
        cause=managed if managers else "it lacks ferryman's labels",
        hint="rename the project, or take the object over with --adopt",
    )


def _may_take(conflict: Conflict, planned: Collection[str]) -> bool:
    """Return whether a field was ferryman's, kubectl's or a former autoscaler's."""
    field, owner = conflict
    if owner in (HANDOVER, "kubectl-client-side-apply"):
        return True
    scaled = bool({"HorizontalPodAutoscaler", "ScaledObject"} & {*planned})
    return field == "spec.replicas" and owner == _CONTROLLER and not scaled


def find_leftovers(
    live: Live, objects: Iterable[Document], kept: Collection[tuple[Kind, str]] = ()
) -> list[Change]:
    """Return the deletions of live objects that the project no longer has.

    Args:
        live: The live objects of the project.
        objects: The objects that the project has; none to delete everything.
        kept: Further objects that stay, because a rollback needs them or they hold data.
    """
    staying = {(kind_of(d), d["metadata"]["name"]) for d in objects} | set(kept)
    leftovers = [
        (kind, name, document)
        for (kind, name), document in live.items()
        if (kind, name) not in staying
        and not document["metadata"].get("deletionTimestamp")
        and not document["metadata"].get("ownerReferences")
    ]
    leftovers.sort(key=lambda leftover: -order_of(leftover[2]))
    return [
        Change(
            kind,
            name,
            Action.DELETE,
            _difference(document, None, f"{kind.name}/{name}"),
            None,
            document,
        )
        for kind, name, document in leftovers
    ]


_NOISE = (
    *("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"),
)
_NOISY_ANNOTATIONS = (
    "deployment.kubernetes.io/revision",
    "kubectl.kubernetes.io/last-applied-configuration",
)


def _essence(document: Document) -> Document:
    """Return a document without the fields that the cluster sets in every object."""
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


def _difference(before: Document | None, after: Document | None, title: str) -> tuple[str, ...]:
    """Return the lines of a unified diff between two versions of an object, which may be None."""
    old, new = ([] if d is None else _lines(d) for d in (before, after))
    return tuple(difflib.unified_diff(old, new, f"live {title}", f"new {title}", lineterm=""))


def _lines(document: Document) -> list[str]:
    return to_yaml(ordered(_essence(document))).splitlines()
