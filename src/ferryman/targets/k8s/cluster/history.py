"""The releases that a Deployment can go back to, and what going back applies. Pure."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass

from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.targets.k8s.cluster.applying import sets_replicas
from ferryman.targets.k8s.cluster.difference import essence
from ferryman.targets.k8s.cluster.rollout import REVISION
from ferryman.targets.k8s.rendering import Document

__all__ = ("Revision", "choose_revision", "going_back", "revisions")

_HASH = "pod-template-hash"
_VERSION = "app.kubernetes.io/version"


@dataclass(frozen=True, slots=True)
class Revision:
    """A release that is there, or can be gone back to.

    Attributes:
        number: By which the cluster knows it.
        version: The project's version, as it was then.
        image: The image, as it was then.
        template: Its pod.
    """

    number: int
    version: str
    image: str
    template: Document


def revisions(deployment: Document, sets: Sequence[Document]) -> list[Revision]:
    """Return the releases of a Deployment, the newest first."""
    uid = deployment["metadata"].get("uid")
    owned = [
        found
        for found in sets
        if any(o.get("uid") == uid for o in found["metadata"].get("ownerReferences") or ())
        and REVISION in (found["metadata"].get("annotations") or {})
    ]
    return sorted(map(_revision, owned), key=lambda revision: -revision.number)


def _revision(replica_set: Document) -> Revision:
    template: Document = copy.deepcopy(replica_set["spec"]["template"])
    labels = template["metadata"].get("labels") or {}
    labels.pop(_HASH, None)
    template["metadata"].pop("creationTimestamp", None)
    first: Document = next(iter(template["spec"].get("containers") or ()), {})
    number = int(replica_set["metadata"]["annotations"][REVISION])
    return Revision(number, labels.get(_VERSION, "?"), first.get("image", "?"), template)


def choose_revision(found: Sequence[Revision], wanted: int | None) -> Revision:
    """Return the release to go back to.

    Args:
        found: The releases, the newest first.
        wanted: Its number; None is the one before the newest.

    Raises:
        ConfigError: There is no release of that number.
        FerrymanError: There is none to go back to.
    """
    if wanted is not None:
        chosen = next((revision for revision in found if revision.number == wanted), None)
        if chosen is None:
            numbers = ", ".join(str(revision.number) for revision in found)
            raise ConfigError(
                f"--to {wanted}: there is no such release", cause=f"the releases are {numbers}"
            )
        return chosen
    if len(found) < 2:
        raise FerrymanError(
            "there is no release to go back to", cause="the cluster knows one release at most"
        )
    return found[1]


def going_back(deployment: Document, revision: Revision) -> Document:
    """Return what is applied to go back to a release: all that is ours, with its pod.

    Args:
        deployment: The Deployment as it is.
        revision: The release.
    """
    document = essence(deployment)
    document["spec"]["template"] = revision.template
    document["metadata"] = {
        key: document["metadata"][key] for key in ("name", "labels") if key in document["metadata"]
    }
    document["metadata"].setdefault("labels", {})[_VERSION] = revision.version
    if not sets_replicas(deployment):
        document["spec"].pop("replicas", None)
    return document
