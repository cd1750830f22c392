"""Plans a deploy: compares the project's objects with the live objects."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ferryman.targets.k8s.cluster.api import Cluster
from ferryman.targets.k8s.cluster.changes import (
    Action,
    Change,
    find_changes,
    find_leftovers,
    live_objects,
)
from ferryman.targets.k8s.cluster.kinds import KINDS, kind_of
from ferryman.targets.k8s.cluster.release_book import Book
from ferryman.targets.k8s.rendering import Document

__all__ = ("DeployOptions", "Planned", "plan_changes")

_COMPONENT = "app.kubernetes.io/component"


@dataclass(frozen=True, slots=True)
class DeployOptions:
    """How to deploy.

    Attributes:
        dry_run: Whether to change nothing.
        force: Whether to take over fields of other managers.
        wait: Whether to wait until the release is good.
        timeout: The seconds that the rollout may take.
        patience: The seconds that a problem may last from which pods seldom recover.
        rollback_on_failure: Whether to go back if the release fails.
    """

    dry_run: bool = False
    force: bool = False
    wait: bool = True
    timeout: float = 300
    patience: float = 60
    rollback_on_failure: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan of a deploy.

    Attributes:
        objects: The change of each object of the project, in the order of applying.
        leftovers: The deletions of objects that the project no longer has.
        book: The releases so far.
        migration: The Job that must succeed before any pod is changed, or None.
    """

    objects: tuple[Change, ...]
    leftovers: tuple[Change, ...]
    book: Book
    migration: Change | None = None

    @property
    def documents(self) -> list[Document]:
        """The objects themselves."""
        return [change.document for change in self.objects if change.document is not None]

    @property
    def settled(self) -> bool:
        """Whether there is nothing to apply."""
        return all(change.settled for change in self.objects)

    @property
    def changes(self) -> list[Change]:
        """The changes that the deploy makes: first the migration, last the deletions."""
        first = (self.migration,) if self.migration else ()
        every = (*first, *self.objects, *self.leftovers)
        return [change for change in every if change.action is not Action.KEEP]


def plan_changes(
    cluster: Cluster,
    objects: Iterable[Document],
    book: Book,
    tell: Callable[[str], None],
    *,
    migration: Document | None = None,
    adopt: bool = False,
) -> Planned:
    """Return the plan of a deploy of some objects.

    Args:
        cluster: The cluster, with a namespace.
        objects: The objects.
        book: The releases so far.
        tell: Called with each message for the user.
        migration: The Job that must succeed before any pod is changed, or None.
        adopt: Whether to take over objects that ferryman did not create.

    Raises:
        FerrymanError: The cluster refused, or an object is not the project's.
    """
    name, documents = book.name, list(objects)
    needed = {kind_of(document) for document in documents}
    # Kinds that the project never had are not listed, so a deploy needs no rights on them.
    kinds = dict.fromkeys((*needed, *book.kinds))
    kinds.pop(KINDS["ConfigMap"], None)
    live = {**book.config_maps, **live_objects(cluster, name, kinds, needed, tell)}
    changes = find_changes(cluster, documents, name, live, adopt=adopt)
    claims = {key for key in live if key[0].name == "PersistentVolumeClaim"}
    migrations = {key for key, document in live.items() if _is_migration(document)}
    leftovers = find_leftovers(live, documents, {*book.held, *claims, *migrations})
    for kind, claim in sorted(claims - {(c.kind, c.name) for c in changes}, key=str):
        what = f"{kind.name}/{claim} is no longer the project's"
        tell(f"note: {what}, but stays, because it may hold data")
    if migration is None or all(change.settled for change in changes):
        return Planned(tuple(changes), tuple(leftovers), book)
    (first,) = find_changes(cluster, [_of_release(migration, book)], name, live)
    return Planned(tuple(changes), tuple(leftovers), book, first)


def _is_migration(document: Document) -> bool:
    labels = document["metadata"].get("labels") or {}
    return document["kind"] == "Job" and labels.get(_COMPONENT) == "migrate"


def _of_release(migration: Document, book: Book) -> Document:
    """Return the Job with the number of the next release in its name, because a Job runs once."""
    metadata = {**migration["metadata"], "name": f"{book.name}-migrate-{book.following}"}
    return {**migration, "metadata": metadata}
