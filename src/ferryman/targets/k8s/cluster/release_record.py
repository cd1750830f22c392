"""The releases of a project, each written down in a ConfigMap of its own. Pure.

A release holds every object of it, so that going back brings all of them back and not the
pods alone. Objects hold no secret: Secrets are named, and never written.
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
"""The label of the ConfigMaps that releases are written down in; its value is the number."""

_GOOD_KEPT, _OTHERS_KEPT = 5, 3
"""How many good releases are kept, and how many others: failures crowd no good one out."""

_SUMMARY, _OBJECTS = "release.json", "objects.json.gz"


class Verdict(StrEnum):
    """How a release went."""

    UNKNOWN = "unknown"
    GOOD = "good"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Release:
    """A release.

    Attributes:
        number: By which it is known, counted from 1.
        version: The project's version.
        image: The image, as the pods name it.
        digest: The image's digest; None while no pod has told it.
        time: When it was deployed, UTC, as ISO 8601.
        by: Who deployed it; None where that is not known.
        verdict: How it went.
        environment: The overlay that it was deployed with, or None.
        restores: The number of the release that it went back to, or None.
        objects: Every object of it, in the order of applying.
        kinds: All kinds that the project has or has had, as `apiVersion kind`.
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
        """Return it with a verdict, and with the image's digest where that is known."""
        return replace(self, verdict=verdict, digest=digest or self.digest)


def digest_of(objects: Iterable[Document]) -> str:
    """Return what two releases have in common if they are the same."""
    text = json.dumps(list(objects), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def to_config_map(name: str, release: Release, labels: Mapping[str, str]) -> Document:
    """Return the ConfigMap that a release is written down in.

    Args:
        name: The project's name.
        release: The release.
        labels: The labels of all that belongs to the project.
    """
    summary: dict[str, Any] = asdict(release)
    del summary["objects"]
    # The time within a gzip header would make two equal releases differ.
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
    """Return the release that a ConfigMap holds, or None if it holds none that can be read."""
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
        releases: All of them, the newest first.
    """
    good = [release for release in releases if release.verdict is Verdict.GOOD]
    others = [release for release in releases if release.verdict is not Verdict.GOOD]
    return [*good[_GOOD_KEPT:], *others[_OTHERS_KEPT:]]


def choose_release(releases: Sequence[Release], wanted: int | None) -> Release:
    """Return the release to go back to.

    Args:
        releases: The releases, the newest first; that is what runs.
        wanted: Its number; None is the last good one that is not what runs.

    Raises:
        ConfigError: There is no release of that number.
        FerrymanError: No good release is left to go back to.
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
        hint="`ferryman rollback --to N` takes any of them" if len(releases) > 1 else None,
    )


def _listed(releases: Collection[Release]) -> str:
    if not releases:
        return "no release is written down"
    listed = ", ".join(f"{release.number} ({release.verdict})" for release in releases)
    return f"the releases are {listed}"
