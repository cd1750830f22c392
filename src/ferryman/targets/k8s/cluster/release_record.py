"""A release of a project, and its ConfigMap. Pure.

A release contains all of its objects, so a rollback restores all of them and not only the pods.
The objects contain no secrets: they refer to Secrets by name.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any

from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.targets import deployment
from ferryman.targets.k8s.rendering import Document

__all__ = (
    "LABEL",
    "Release",
    "Verdict",
    "choose_release",
    "digest_of",
    "forgotten",
    "read_release",
    "to_config_map",
)

LABEL = "ferryman.dev/release"
"""The label of the ConfigMaps that store releases. Its value is the number of the release."""

_GOOD_KEPT, _OTHERS_KEPT = 5, 3
"""The numbers of good and of other releases to keep. Failed releases displace no good release."""

_SUMMARY, _OBJECTS = "release.json", "objects.json.gz"


class Verdict(StrEnum):
    """Whether a release became good."""

    UNKNOWN = "unknown"
    GOOD = "good"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Release:
    """A release.

    Attributes:
        number: Its number, counted from 1.
        version: The project's version.
        image: The image, as in the manifests.
        time: The time of the deploy, UTC, as ISO 8601.
        digest: The image's digest; None until a pod reports it.
        by: The user who deployed it, or None if unknown.
        verdict: Whether it became good.
        environment: The overlay that it was deployed with, or None.
        restores: The number of the release that it restored, or None.
        objects: All of its objects, in the order of applying.
        kinds: All kinds that the project has or had, as `apiVersion kind`.
    """

    number: int
    version: str
    image: str
    time: str
    digest: str | None = None
    by: str | None = None
    verdict: Verdict = Verdict.UNKNOWN
    environment: str | None = None
    restores: int | None = None
    objects: tuple[Document, ...] = ()
    kinds: tuple[str, ...] = ()

    def judged(self, verdict: Verdict, digest: str | None = None) -> Release:
        """Return the release with a verdict, and with the image's digest if known."""
        return replace(self, verdict=verdict, digest=digest or self.digest)

    def listed(self) -> deployment.Release:
        """Return the release as the command line lists it."""
        return deployment.Release(
            str(self.number),
            self.version,
            self.image,
            digest=self.digest,
            time=self.time,
            by=self.by,
            verdict=self.verdict.value,
            restores=None if self.restores is None else str(self.restores),
        )


def digest_of(objects: Iterable[Document]) -> str:
    """Return a digest that is the same for two releases with the same objects."""
    text = json.dumps(list(objects), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def to_config_map(name: str, release: Release, labels: Mapping[str, str]) -> Document:
    """Return the ConfigMap that stores a release.

    Args:
        name: The project's name.
        release: The release.
        labels: The labels of all objects of the project.
    """
    summary: dict[str, Any] = asdict(release)
    del summary["objects"]
    # A time in the gzip header would make equal releases differ.
    packed = gzip.compress(json.dumps(release.objects).encode(), mtime=0)
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"{name}-release-{release.number}",
            "labels": {**labels, LABEL: str(release.number)},
        },
        "data": {_SUMMARY: json.dumps(summary, indent=2)},
        "binaryData": {_OBJECTS: base64.b64encode(packed).decode()},
    }


def read_release(config_map: Document) -> Release | None:
    """Return the release that a ConfigMap stores, or None if it stores no readable release."""
    if LABEL not in (config_map["metadata"].get("labels") or {}):
        return None
    try:
        summary = json.loads(config_map["data"][_SUMMARY])
        packed = base64.b64decode(config_map["binaryData"][_OBJECTS])
        objects = json.loads(gzip.decompress(packed))
        verdict = Verdict(summary.pop("verdict"))
        kinds = tuple(summary.pop("kinds"))
        return Release(**summary, verdict=verdict, objects=tuple(objects), kinds=kinds)
    except (KeyError, OSError, TypeError, ValueError, EOFError):
        return None


def forgotten(releases: Sequence[Release]) -> list[Release]:
    """Return the releases that are no longer kept.

    Args:
        releases: All releases, newest first.
    """
    good = [release for release in releases if release.verdict is Verdict.GOOD]
    others = [release for release in releases if release.verdict is not Verdict.GOOD]
    return [*good[_GOOD_KEPT:], *others[_OTHERS_KEPT:]]


def choose_release(releases: Sequence[Release], wanted: int | None) -> Release:
    """Return the release that a rollback restores.

    Args:
        releases: The releases, newest first. The newest is what runs.
        wanted: The number of the release; None is the last good release unlike the newest.

    Raises:
        ConfigError: There is no release with that number.
        FerrymanError: There is no such good release.
    """
    if wanted is not None:
        chosen = next((release for release in releases if release.number == wanted), None)
        if chosen is None:
            raise ConfigError(f"--to {wanted}: there is no such release", cause=_listed(releases))
        return chosen
    running = digest_of(releases[0].objects) if releases else ""
    for release in releases[1:]:
        if release.verdict is Verdict.GOOD and digest_of(release.objects) != running:
            return release
    raise FerrymanError(
        "there is no release to go back to",
        cause=_listed(releases),
        hint="`ferryman rollback --to N` restores any of them" if len(releases) > 1 else None,
    )


def _listed(releases: Collection[Release]) -> str:
    if not releases:
        return "no release is stored in the cluster"
    listed = ", ".join(f"{release.number} ({release.verdict})" for release in releases)
    return f"the releases are {listed}"
