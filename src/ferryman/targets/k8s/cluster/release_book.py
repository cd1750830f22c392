"""The releases of a project, stored as ConfigMaps in the cluster: reads, adds and prunes them."""

from __future__ import annotations

import getpass
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from ferryman.core.errors import FerrymanError
from ferryman.targets.k8s.cluster.api import Cluster
from ferryman.targets.k8s.cluster.changes import Change, live_objects, ownership
from ferryman.targets.k8s.cluster.failures import Refusal
from ferryman.targets.k8s.cluster.kinds import KINDS, Kind, kind_named, kind_of
from ferryman.targets.k8s.cluster.release_record import (
    LABEL,
    Release,
    Verdict,
    forgotten,
    read_release,
    to_config_map,
)
from ferryman.targets.k8s.rendering import Document

__all__ = ("Book", "deployer", "last_good", "new_release", "open_book")

_CONFIG_MAP = KINDS["ConfigMap"]
_ACTORS = ("GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_USER_ID", "CIRCLE_USERNAME")
"""Environment variables in which CI systems name the user who started the pipeline."""


def deployer() -> str | None:
    """Return the user who started the pipeline, or else the user of this machine."""
    for name in _ACTORS:
        if actor := os.environ.get(name):
            return actor
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user often has no name
        return None


def new_release(
    objects: Iterable[Document],
    book: Book,
    restores: int | None = None,
    *,
    environment: str | None = None,
    more: Change | None = None,
) -> Release:
    """Return the next release.

    Args:
        objects: Its objects, in the order of applying.
        book: The releases so far.
        restores: The number of the release that it restores, or None.
        environment: The overlay that it is deployed with, or None.
        more: An object that is created only once, and not by a rollback; or None.
    """
    objects = tuple(objects)
    image, version = _image_and_version(objects, book.name)
    kinds = {str(kind_of(document)) for document in objects} | ({str(more.kind)} if more else set())
    return Release(
        number=book.following,
        version=version,
        image=image,
        digest=image.partition("@")[2] or None,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        by=deployer(),
        environment=environment,
        restores=restores,
        objects=objects,
        kinds=tuple(sorted(kinds.union(*(release.kinds for release in book.releases)))),
    )


def _image_and_version(objects: Iterable[Document], name: str) -> tuple[str, str]:
    for document in objects:
        runs = kind_of(document) in (KINDS["Deployment"], KINDS["Knative"])
        if runs and document["metadata"]["name"] == name:
            labels = document["metadata"].get("labels") or {}
            containers = document["spec"]["template"]["spec"]["containers"]
            own = next((c for c in containers if c.get("name") == name), containers[0])
            return str(own.get("image", "?")), labels.get("app.kubernetes.io/version", "?")
    return "?", "?"


@dataclass(frozen=True, slots=True)
class Book:
    """The stored releases of a project, and its other ConfigMaps.

    Attributes:
        cluster: The cluster, with a namespace.
        name: The project's name.
        releases: The releases, newest first.
        records: The ConfigMaps that store the releases.
        config_maps: The project's other ConfigMaps, by kind and name.
    """

    cluster: Cluster
    name: str
    releases: tuple[Release, ...]
    records: tuple[Document, ...]
    config_maps: Mapping[tuple[Kind, str], Document]

    @property
    def newest(self) -> Release | None:
        """The newest release, or None."""
        return self.releases[0] if self.releases else None

    @property
    def following(self) -> int:
        """The number of the next release."""
        return self.newest.number + 1 if self.newest else 1

    @property
    def kinds(self) -> list[Kind]:
        """All kinds that the project has or had."""
        return [kind_named(text) for text in (self.newest.kinds if self.newest else ())]

    @property
    def held(self) -> set[tuple[Kind, str]]:
        """The ConfigMaps that a rollback to one of the releases needs."""
        return _config_maps(self.releases)

    def add(self, release: Release) -> Book:
        """Store a new release.

        Raises:
            FerrymanError: Another deploy has used its number, or the cluster refused.
        """
        document = to_config_map(self.name, release, ownership(self.name))
        try:
            self.cluster.create(_CONFIG_MAP, document)
        except Refusal as error:
            if error.reason != "AlreadyExists":
                raise
            raise FerrymanError(
                f"another deploy has created release {release.number} in the meantime",
                hint="run the command again: it then compares with that release",
            ) from None
        return replace(self, releases=(release, *self.releases), records=(*self.records, document))

    def judge(self, release: Release) -> Book:
        """Store the verdict on a release, and delete releases that are no longer kept.

        Raises:
            FerrymanError: The cluster refused.
        """
        document = to_config_map(self.name, release, ownership(self.name))
        self.cluster.apply(document, dry_run=False, force=True)
        releases = tuple(
            release if known.number == release.number else known for known in self.releases
        )
        expired = forgotten(releases)
        kept = tuple(known for known in releases if known not in expired)
        for _, config_map in _config_maps(expired) - _config_maps(kept):
            self.cluster.delete(_CONFIG_MAP, config_map)
        for old in expired:
            self.cluster.delete(_CONFIG_MAP, f"{self.name}-release-{old.number}")
        return replace(self, releases=kept)


def _config_maps(releases: Iterable[Release]) -> set[tuple[Kind, str]]:
    return {
        (_CONFIG_MAP, document["metadata"]["name"])
        for release in releases
        for document in release.objects
        if document["kind"] == "ConfigMap"
    }


def open_book(cluster: Cluster, name: str) -> Book:
    """Return the releases of a project.

    Raises:
        FerrymanError: The cluster refused.
    """
    live = live_objects(cluster, name, [_CONFIG_MAP], [_CONFIG_MAP], lambda _: None)
    records = {k: d for k, d in live.items() if LABEL in (d["metadata"].get("labels") or {})}
    releases = [release for d in records.values() if (release := read_release(d))]
    releases.sort(key=lambda release: -release.number)
    others = {key: document for key, document in live.items() if key not in records}
    return Book(cluster, name, tuple(releases), tuple(records.values()), others)


def last_good(releases: Iterable[Release]) -> Release | None:
    """Return the newest good release, or None."""
    return next((release for release in releases if release.verdict is Verdict.GOOD), None)
