"""The lease that a deploy holds, so that no other deploy of the project runs beside it.

A Lease is an object of coordination.k8s.io/v1 with an owner and a time-out. A deploy renews
it while it watches; the lease of one that was killed runs out by itself.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from socket import gethostname

from ferryman.core.errors import FerrymanError
from ferryman.targets.k8s.cluster.api import Cluster
from ferryman.targets.k8s.cluster.failures import Refusal
from ferryman.targets.k8s.cluster.kinds import LEASE
from ferryman.targets.k8s.rendering import Document

__all__ = ("LostLeaseError", "holding")

_SECONDS = 60
"""How long a lease holds without being renewed."""

_RENEW_AFTER = _SECONDS / 3

Tell = Callable[[str], None]


class LostLeaseError(FerrymanError):
    """Another deploy has taken the lease."""


@contextmanager
def holding(
    cluster: Cluster, name: str, labels: Mapping[str, str], who: str | None, tell: Tell
) -> Iterator[Callable[[], None]]:
    """Hold the project's lease, and yield what renews it where that is due.

    Args:
        cluster: Where the project is.
        name: The project's name.
        labels: The labels of all that belongs to the project.
        who: Who deploys, where that is known.
        tell: Called if the lease is not permitted.

    Raises:
        FerrymanError: Another deploy holds it, or the cluster refused.
    """
    owner = f"{who or 'somebody'} at {gethostname()}, process {os.getpid()}"
    try:
        held = _acquired(cluster, f"ferryman-{name}", labels, owner)
    except Refusal as error:
        if error.status != 403:
            raise
        tell(f"note: {error.message}; a second deploy at the same time would not be noticed")
        yield lambda: None
        return
    lease = _Held(cluster, held)
    try:
        yield lease.renew
    finally:
        lease.release()


class _Held:
    def __init__(self, cluster: Cluster, document: Document) -> None:
        self._cluster = cluster
        self._document = document
        self._renewed = time.monotonic()

    def renew(self) -> None:
        """Renew the lease if a third of its time has passed.

        Raises:
            LostLeaseError: Another deploy has taken it.
        """
        if time.monotonic() - self._renewed < _RENEW_AFTER:
            return
        self._document["spec"]["renewTime"] = _now()
        try:
            self._document = self._cluster.replace(LEASE, self._document)
        except Refusal as error:
            if error.status not in (404, 409):
                raise
            raise LostLeaseError(
                "another deploy has taken over, for the lease had run out",
                cause=f"it was last renewed {time.monotonic() - self._renewed:.0f} s ago",
                hint="`ferryman status` tells what runs now",
            ) from None
        self._renewed = time.monotonic()

    def release(self) -> None:
        """Delete the lease; one that cannot be deleted runs out."""
        with suppress(FerrymanError):
            metadata = self._document["metadata"]
            version = metadata.get("resourceVersion")
            self._cluster.delete(LEASE, metadata["name"], version=version)


def _acquired(cluster: Cluster, name: str, labels: Mapping[str, str], owner: str) -> Document:
    document: Document = {
        "apiVersion": LEASE.version,
        "kind": LEASE.name,
        "metadata": {"name": name, "labels": dict(labels)},
        "spec": {
            "holderIdentity": owner,
            "leaseDurationSeconds": _SECONDS,
            "acquireTime": _now(),
            "renewTime": _now(),
        },
    }
    try:
        return cluster.create(LEASE, document)
    except Refusal as error:
        if error.reason != "AlreadyExists":
            raise
    there = cluster.get(LEASE, name)
    if there is None:  # its owner has just released it
        return cluster.create(LEASE, document)
    spec = there.get("spec") or {}
    if spec.get("holderIdentity") == owner:  # our own request, whose answer was lost
        return there
    if (rest := _rest(spec)) > 0:
        raise _busy(spec, rest)
    document["metadata"]["resourceVersion"] = there["metadata"]["resourceVersion"]
    try:
        return cluster.replace(LEASE, document)
    except Refusal as error:
        if error.status == 409:
            raise _busy({}, _SECONDS) from None
        raise


def _busy(spec: Mapping[str, object], rest: float) -> FerrymanError:
    return FerrymanError(
        f"{spec.get('holderIdentity', 'another')} is deploying the project",
        cause=f"the lease was taken at {spec.get('acquireTime', 'this moment')} and runs out in "
        f"{rest:.0f} s unless it is renewed",
        hint="wait until that deploy has ended, then run the command again",
    )


def _rest(spec: Mapping[str, object]) -> float:
    """Return the seconds until a lease runs out."""
    try:
        renewed = datetime.fromisoformat(str(spec.get("renewTime")))
        seconds = float(str(spec.get("leaseDurationSeconds", _SECONDS)))
    except ValueError:
        return 0.0
    return seconds - (datetime.now(UTC) - renewed).total_seconds()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
