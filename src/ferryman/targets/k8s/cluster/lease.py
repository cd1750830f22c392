"""The lease that a deploy holds, so that no other deploy of the project runs at the same time.

A Lease is an object of coordination.k8s.io/v1 with an owner and a time-out. A deploy renews it
while it watches the rollout. The lease of a killed deploy expires.
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
"""The seconds after which a lease expires if it is not renewed."""

_RENEW_AFTER = _SECONDS / 3

Tell = Callable[[str], None]


class LostLeaseError(FerrymanError):
    """Another deploy has taken over the lease."""


@contextmanager
def holding(
    cluster: Cluster, name: str, labels: Mapping[str, str], who: str | None, tell: Tell
) -> Iterator[Callable[[], None]]:
    """Hold the project's lease, and yield a function that renews it when necessary.

    Args:
        cluster: The cluster, with a namespace.
        name: The project's name.
        labels: The labels of all objects of the project.
        who: The user who deploys, or None if unknown.
        tell: Called if the user may not hold leases; the deploy then continues without.

    Raises:
        FerrymanError: Another deploy holds the lease, or the cluster refused.
    """
    owner = f"{who or 'somebody'} at {gethostname()}, process {os.getpid()}"
    try:
        held = _acquired(cluster, f"ferryman-{name}", labels, owner)
    except Refusal as error:
        if error.status != 403:
            raise
        tell(f"note: {error.message}; ferryman cannot detect a second deploy at the same time")
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
            LostLeaseError: Another deploy has taken it over.
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
                "another deploy has taken over, because the lease had expired",
                cause=f"it was last renewed {time.monotonic() - self._renewed:.0f} s ago",
                hint="`ferryman status` shows what runs now",
            ) from None
        self._renewed = time.monotonic()

    def release(self) -> None:
        """Delete the lease. If that fails, the lease expires."""
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
    existing = cluster.get(LEASE, name)
    if existing is None:  # its owner has just released it
        return cluster.create(LEASE, document)
    spec = existing.get("spec") or {}
    if spec.get("holderIdentity") == owner:  # from this process, after a lost response
        return existing
    if (remaining := _remaining(spec)) > 0:
        raise _busy(spec, remaining)
    document["metadata"]["resourceVersion"] = existing["metadata"]["resourceVersion"]
    try:
        return cluster.replace(LEASE, document)
    except Refusal as error:
        if error.status == 409:
            raise _busy({}, _SECONDS) from None
        raise


def _busy(spec: Mapping[str, object], remaining: float) -> FerrymanError:
    return FerrymanError(
        f"{spec.get('holderIdentity', 'somebody else')} is deploying the project",
        cause=f"the lease was taken at {spec.get('acquireTime', 'this moment')} and expires in "
        f"{remaining:.0f} s unless it is renewed",
        hint="wait until that deploy has ended, then run the command again",
    )


def _remaining(spec: Mapping[str, object]) -> float:
    """Return the seconds until a lease expires."""
    try:
        renewed = datetime.fromisoformat(str(spec.get("renewTime")))
        seconds = float(str(spec.get("leaseDurationSeconds", _SECONDS)))
    except ValueError:
        return 0.0
    return seconds - (datetime.now(UTC) - renewed).total_seconds()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
