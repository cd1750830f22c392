"""The requests to a cluster's API, from documents to documents.

Each method names its kind, so the calls of a verb show which rights it needs.
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
"""The field manager that owns the fields that ferryman applies."""

Documents = list[Document]

_TRIES = 5
_SHORTEST_WATCH = 1.0
"""The least seconds between two looks at an object, even if its watch ends sooner."""

_JSON_PATCH = "application/json-patch+json"


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of an apply.

    Attributes:
        document: The object after the apply.
        created: Whether the apply created it.
    """

    document: Document
    created: bool


class Cluster:
    """A namespace of a cluster, which requests go to through an `Exchange`."""

    def __init__(self, exchange: Exchange, namespace: str) -> None:
        self._exchange = exchange
        self.namespace = namespace
        self.host = exchange.host

    def version(self) -> str:
        """Return the cluster's version, as major.minor.

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        version = self._exchange.document("GET", "/version", "read the cluster's version")
        # Some clouds add a plus sign to the minor number.
        return f"{version.get('major', '')}.{str(version.get('minor', '')).rstrip('+')}"

    def get(self, kind: Kind, name: str) -> Document | None:
        """Return an object, or None if it or its kind does not exist.

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
        """Return the objects of a kind with labels; none if the kind does not exist.

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        query = {"labelSelector": ",".join(f"{k}={v}" for k, v in (labels or {}).items())}
        items: Sequence[Document] = ()
        for attempt in range(_TRIES):
            try:
                items = self._pages(kind, query)
                break
            except Refusal as error:
                if error.status == 404:
                    break
                # The list has changed too much between two pages: start again.
                if error.status != 410 or attempt == _TRIES - 1:
                    raise
        # The items of a list have no apiVersion and kind.
        return [{"apiVersion": kind.version, "kind": kind.name, **item} for item in items]

    def _pages(self, kind: Kind, query: Mapping[str, str]) -> Sequence[Document]:
        items: Documents = []
        path, token = kind.path(self.namespace), ""
        while True:
            page_query = {**query, "limit": "500", "continue": token}
            page = self._exchange.document("GET", path, f"list {kind.plural}", page_query)
            items += page.get("items") or []
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token:
                return items

    def apply(
        self, document: Document, *, dry_run: bool, force: bool, manager: str = MANAGER
    ) -> Applied:
        """Apply an object server-side, and return the result.

        Args:
            document: The object, with exactly the fields that the manager is to own.
            dry_run: Whether the cluster changes nothing.
            force: Whether to take over fields of other managers.
            manager: The field manager.

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
            custom = kind.brought_by and error.reason != "NotFound"
            missing = custom or "could not find the requested resource" in str(error)
            if error.status == 404 and missing:
                raise _missing(kind) from None
            raise
        return Applied(result, created=status == 201)

    def patch(self, kind: Kind, name: str, steps: Sequence[Document]) -> None:
        """Change an object with a JSON patch (RFC 6902).

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        path, what = kind.path(self.namespace, name), f"change {kind.name}/{name}"
        self._exchange.answer("PATCH", path, what, body=list(steps), media_type=_JSON_PATCH)

    def create(self, kind: Kind, document: Document) -> Document:
        """Create an object.

        Raises:
            Refusal: It exists already (the reason is `AlreadyExists`).
            FerrymanError: The cluster refused, or does not answer.
        """
        what = f"create {kind.name}/{document['metadata']['name']}"
        return self._exchange.document("POST", kind.path(self.namespace), what, body=document)

    def replace(self, kind: Kind, document: Document) -> Document:
        """Replace an object that has the document's `resourceVersion`.

        Raises:
            Refusal: It has changed since (the reason is `Conflict`).
            FerrymanError: The cluster refused, or does not answer.
        """
        name = document["metadata"]["name"]
        what = f"replace {kind.name}/{name}"
        path = kind.path(self.namespace, name)
        return self._exchange.document("PUT", path, what, body=document)

    def delete(self, kind: Kind, name: str, *, version: str | None = None) -> None:
        """Delete an object and its dependents. Do nothing if it does not exist.

        Args:
            kind: The kind of the object.
            name: The name of the object.
            version: The `resourceVersion` that it must have; None is any.

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        path, what = kind.path(self.namespace, name), f"delete {kind.name}/{name}"
        query = {"propagationPolicy": "Background"}
        body = {"preconditions": {"resourceVersion": version}} if version else None
        try:
            self._exchange.document("DELETE", path, what, query, body)
        except Refusal as error:
            if error.status != 404:
                raise

    def wait_for_change(self, kind: Kind, name: str, version: str, seconds: int) -> None:
        """Wait until an object has changed since a version, or until some seconds have passed.

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
            if error.status == 403:  # a user who may read objects may not always watch them
                self._exchange.pause(seconds)
                return
            if error.status != 410:  # if the version is too old to watch from, look again
                raise
        if time.monotonic() - began < _SHORTEST_WATCH:
            self._exchange.pause(_SHORTEST_WATCH)  # some proxy ends watches at once

    def _has_changed(self, kind: Kind, name: str, query: Mapping[str, str], seconds: int) -> bool:
        """Return whether a watch reports a change; False if the watch breaks."""
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
        """Return the last lines of a container's log; an empty text if it never ran.

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
        """Yield the last lines of a container's log, then each new line.

        It ends when the container ends or the connection breaks.

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        query = {"container": container, "tailLines": str(lines), "follow": "true"}
        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod}/log"
        # A pod may write nothing for a long time, so the read time-out is practically infinite.
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
        place: The context and namespace that the user chose.
        project_namespace: The namespace in the project's settings, or None.
        outage: Seconds that the cluster may be away or busy until a request fails.

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
    message = f"the cluster has no kind {kind.name} of {kind.version}"
    if kind.brought_by:
        message = f"{message}; it is part of {kind.brought_by}"
        return FerrymanError(message, hint="ask the cluster's administrator to install it")
    hint = "set kube_version in [tool.ferryman.k8s] to the cluster's version"
    return FerrymanError(message, hint=hint)
