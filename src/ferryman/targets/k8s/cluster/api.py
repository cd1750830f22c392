"""The requests that a deployment makes of a cluster: documents in, documents out.

Each method names the kind that it asks for, so that what a verb may do can be told from the
methods it calls.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from urllib3.exceptions import HTTPError

from ferryman.core.errors import FerrymanError
from ferryman.targets.k8s.cluster.exchange import (
    SHORT_OUTAGE,
    Exchange,
    as_it_is,
    lines_of,
    text_of,
)
from ferryman.targets.k8s.cluster.failures import Refusal
from ferryman.targets.k8s.cluster.kinds import Kind, kind_of
from ferryman.targets.k8s.cluster.kubeconfig import Place, connect
from ferryman.targets.k8s.rendering import Document

__all__ = ("MANAGER", "Applied", "Cluster", "open_cluster")

MANAGER = "ferryman"
"""The name under which the cluster knows the fields that we set."""

Documents = list[Document]

_TRIES = 5
_CALM = 1.0
"""Seconds that a look at a changing object takes at least, however soon a watch ends."""

_JSON_PATCH = "application/json-patch+json"


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply did.

    Attributes:
        document: The object, as the cluster has it now.
        created: Whether it was not there before.
    """

    document: Document
    created: bool


class Cluster:
    """A namespace of a cluster, by way of what speaks to its API."""

    def __init__(self, exchange: Exchange, namespace: str) -> None:
        self._exchange = exchange
        self.namespace = namespace
        self.host = exchange.host

    def version(self) -> str:
        """Return the cluster's version, as major.minor.

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        told = self._exchange.document("GET", "/version", "read the cluster's version")
        # Some clouds put a plus sign behind the minor number.
        return f"{told.get('major', '')}.{str(told.get('minor', '')).rstrip('+')}"

    def get(self, kind: Kind, name: str) -> Document | None:
        """Return an object, or None if there is none, nor its kind.

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        try:
            return self._exchange.document(
                "GET", kind.path(self.namespace, name), f"read {kind.name}/{name}"
            )
        except Refusal as error:
            if error.status == 404:
                return None
            raise

    def list(self, kind: Kind, labels: Mapping[str, str] | None = None) -> list[Document]:
        """Return the objects of a kind that have labels; none where there is no such kind.

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        query = {"labelSelector": ",".join(f"{k}={v}" for k, v in (labels or {}).items())}
        found: Sequence[Document] = ()
        for attempt in range(_TRIES):
            try:
                found = self._pages(kind, query)
                break
            except Refusal as error:
                if error.status == 404:
                    break
                # A list that has changed too much between two pages is begun again.
                if error.status != 410 or attempt == _TRIES - 1:
                    raise
        # The items of a list do not say what they are.
        return [{"apiVersion": kind.version, "kind": kind.name, **item} for item in found]

    def _pages(self, kind: Kind, query: Mapping[str, str]) -> Sequence[Document]:
        found: Documents = []
        path, following = kind.path(self.namespace), ""
        while True:
            asked = {**query, "limit": "500", "continue": following}
            page = self._exchange.document("GET", path, f"list {kind.plural}", asked)
            found += page.get("items") or []
            following = (page.get("metadata") or {}).get("continue") or ""
            if not following:
                return found

    def apply(
        self, document: Document, *, dry_run: bool, force: bool, manager: str = MANAGER
    ) -> Applied:
        """Apply an object server-side, and return what the cluster makes of it.

        Args:
            document: The object: all fields that are ours, and no other.
            dry_run: Whether the cluster only says what it would do.
            force: Whether to take over fields of other managers.
            manager: The name under which the fields are ours.

        Raises:
            ConflictError: Other managers own fields that would change.
            FerrymanError: The cluster refused, or does not answer.
        """
        kind, name = kind_of(document), document["metadata"]["name"]
        query = {"fieldManager": manager, "force": str(force).lower(), "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        path = kind.path(self.namespace, name)
        what = f"apply {kind.name}/{name}"
        try:
            status, result = self._exchange.answer("PATCH", path, what, query, document)
        except Refusal as error:
            if error.status == 404 and kind.brought_by and error.reason != "NotFound":
                raise _missing(kind) from None
            if error.status == 404 and "could not find the requested resource" in str(error):
                raise _missing(kind) from None
            raise
        return Applied(result, created=status == 201)

    def patch(self, kind: Kind, name: str, steps: Sequence[Document]) -> None:
        """Change an object by the steps of a JSON patch (RFC 6902).

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        path, what = kind.path(self.namespace, name), f"change {kind.name}/{name}"
        self._exchange.answer("PATCH", path, what, body=list(steps), media_type=_JSON_PATCH)

    def create(self, kind: Kind, document: Document) -> Document:
        """Create an object that must not be there yet.

        Raises:
            Refusal: It is there, of the reason `AlreadyExists`.
            FerrymanError: The cluster refused, or does not answer.
        """
        what = f"create {kind.name}/{document['metadata']['name']}"
        return self._exchange.document("POST", kind.path(self.namespace), what, body=document)

    def replace(self, kind: Kind, document: Document) -> Document:
        """Replace an object, as long as it is in the version that the document names.

        Raises:
            Refusal: It has changed since, of the reason `Conflict`.
            FerrymanError: The cluster refused, or does not answer.
        """
        name = document["metadata"]["name"]
        what = f"replace {kind.name}/{name}"
        path = kind.path(self.namespace, name)
        return self._exchange.document("PUT", path, what, body=document)

    def delete(
        self, kind: Kind, name: str, *, dry_run: bool = False, version: str | None = None
    ) -> None:
        """Delete an object, and what belongs to it; nothing happens where there is none.

        Args:
            kind: Its kind.
            name: Its name.
            dry_run: Whether the cluster only says whether it would.
            version: The version that it must have, its `resourceVersion`; None is any.

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        query = {"propagationPolicy": "Background"}
        if dry_run:
            query["dryRun"] = "All"
        try:
            path = kind.path(self.namespace, name)
            held = {"preconditions": {"resourceVersion": version}} if version else None
            what = f"delete {kind.name}/{name}"
            self._exchange.document("DELETE", path, what, query, held)
        except Refusal as error:
            if error.status != 404:
                raise

    def wait_for_change(self, kind: Kind, name: str, version: str, seconds: int) -> None:
        """Return when an object has changed since a version of it, or after some seconds.

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        query = {
            "watch": "true",
            "fieldSelector": f"metadata.name={name}",
            "resourceVersion": version,
            "timeoutSeconds": str(seconds),
        }
        began = time.monotonic()
        try:
            if self._has_changed(kind, name, query, seconds):
                return
        except Refusal as error:
            if error.status == 403:  # who may read may not always watch
                self._exchange.pause(seconds)
                return
            if error.status != 410:  # the version is too old to watch from: look again
                raise
        if time.monotonic() - began < _CALM:
            self._exchange.pause(_CALM)  # something between us and the cluster ends watches at once

    def _has_changed(self, kind: Kind, name: str, query: Mapping[str, str], seconds: int) -> bool:
        """Return whether a watch told of a change; if it broke, the caller looks again."""
        path, what = kind.path(self.namespace), f"watch {kind.name}/{name}"
        response = self._exchange.send(
            "GET", path, what, as_it_is, query, timeout=(10, seconds + 10)
        )
        try:
            return any(
                event.get("type") not in ("BOOKMARK", "ERROR") for event in _events(response)
            )
        except (HTTPError, ValueError):
            return False
        finally:
            response.release_conn()

    def logs(self, pod: str, container: str, *, lines: int, previous: bool) -> str:
        """Return the last lines that a container wrote; nothing where it never ran.

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        query = {"container": container, "tailLines": str(lines)}
        if previous:
            query["previous"] = "true"
        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod}/log"
        try:
            return self._exchange.send("GET", path, f"read the logs of {pod}", text_of, query)
        except Refusal as error:
            if error.status in (400, 404):
                return ""
            raise

    def follow(self, pod: str, container: str, *, lines: int) -> Iterator[str]:
        """Yield the last lines that a container wrote, then each that it writes.

        It ends when the container does, or the connection breaks.

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        query = {"container": container, "tailLines": str(lines), "follow": "true"}
        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod}/log"
        # The client has no time-out of its own that spares a pod which says nothing.
        what, timeout = f"read the logs of {pod}", (10, 10**6)
        response = self._exchange.send("GET", path, what, as_it_is, query, timeout=timeout)
        with suppress(HTTPError):
            for line in lines_of(response):
                yield line.decode("utf-8", "replace")


def open_cluster(
    place: Place, project_namespace: str | None, *, outage: float = SHORT_OUTAGE
) -> Cluster:
    """Return the cluster that the kubeconfig leads to.

    Args:
        place: What the user said of it.
        project_namespace: The namespace that the project's settings name.
        outage: Seconds that it may be away or busy until a request fails.

    Raises:
        ConfigError: There is no kubeconfig, or it has no such context.
    """
    connection = connect(place, project_namespace)
    return Cluster(Exchange(connection, outage=outage), connection.namespace)


def _events(response: Any) -> Iterator[Document]:
    for line in lines_of(response):
        if line:
            yield json.loads(line)


def _missing(kind: Kind) -> FerrymanError:
    brought = f"; {kind.brought_by} brings it" if kind.brought_by else ""
    return FerrymanError(
        f"the cluster has no kind {kind.name} of {kind.version}{brought}",
        hint="set kube_version in [tool.ferryman.k8s] to the cluster's"
        if not kind.brought_by
        else "ask the cluster's administrator to install it",
    )
