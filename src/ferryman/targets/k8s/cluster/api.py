"""Speaks to the cluster: documents in and out, every refusal explained, weather ridden out.

Requests are repeated where that cannot double anything: all that is sent here has the
same effect twice as once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from kubernetes.client import ApiException
from urllib3.exceptions import HTTPError

from ferryman.core.errors import FerrymanError
from ferryman.targets.k8s.cluster.connection import Connection
from ferryman.targets.k8s.cluster.failures import Refusal, explain, unreachable
from ferryman.targets.k8s.cluster.kinds import Kind, kind_of
from ferryman.targets.k8s.rendering import Document

__all__ = ("MANAGER", "Cluster")

MANAGER = "ferryman"
"""The name under which the cluster knows the fields that we set."""

Documents = list[Document]

_TRIES = 5
_LONGEST_PAUSE = 10.0
_TIMEOUT = (10, 40)  # seconds to connect and to answer
_BUSY = (429, 500, 502, 503, 504)
_CALM = 1.0
"""Seconds that a look at a changing object takes at least, however soon a watch ends."""

_IDLE = ("BOOKMARK", "ERROR")
"""Events of a watch that tell of no change."""

_Taken = TypeVar("_Taken")


class Cluster:
    """A namespace of a cluster.

    Args:
        connection: Where it is.
        pause: Waits some seconds before a request is repeated.
    """

    def __init__(
        self, connection: Connection, *, pause: Callable[[float], None] = time.sleep
    ) -> None:
        self._connection = connection
        self._pause = pause
        self._reached = False
        self.namespace = connection.namespace
        self.host = connection.host

    def version(self) -> str:
        """Return the cluster's version, as major.minor.

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        told = self._json("GET", "/version", "read the cluster's version")
        # Some clouds put a plus sign behind the minor number.
        return f"{told.get('major', '')}.{str(told.get('minor', '')).rstrip('+')}"

    def get(self, kind: Kind, name: str) -> Document | None:
        """Return an object, or None where there is none, nor its kind.

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        try:
            return self._json("GET", kind.path(self.namespace, name), f"read {kind.name}/{name}")
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
            page = self._json("GET", path, f"list {kind.plural}", asked)
            found += page.get("items") or []
            following = (page.get("metadata") or {}).get("continue") or ""
            if not following:
                return found

    def apply(
        self, document: Document, *, dry_run: bool, force: bool, manager: str = MANAGER
    ) -> Document:
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
            return self._json("PATCH", path, what, query, document)
        except Refusal as error:
            if error.status == 404 and kind.brought_by and error.reason != "NotFound":
                raise _missing(kind) from None
            if error.status == 404 and "could not find the requested resource" in str(error):
                raise _missing(kind) from None
            raise

    def delete(self, kind: Kind, name: str, *, dry_run: bool) -> None:
        """Delete an object, and what belongs to it; nothing happens where there is none.

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        query = {"propagationPolicy": "Background"}
        if dry_run:
            query["dryRun"] = "All"
        try:
            path = kind.path(self.namespace, name)
            self._json("DELETE", path, f"delete {kind.name}/{name}", query)
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
                self._pause(seconds)
                return
            if error.status != 410:  # the version is too old to watch from: look again
                raise
        if time.monotonic() - began < _CALM:
            self._pause(_CALM)  # something between us and the cluster ends watches at once

    def _has_changed(self, kind: Kind, name: str, query: Mapping[str, str], seconds: int) -> bool:
        """Say whether a watch told of a change; if it broke, whoever waits looks again."""
        path, what = kind.path(self.namespace), f"watch {kind.name}/{name}"
        response = self._send("GET", path, what, _as_it_is, query, timeout=(10, seconds + 10))
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
            return self._send("GET", path, f"read the logs of {pod}", _text, query)
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
        response = self._send("GET", path, what, _as_it_is, query, timeout=timeout)
        with suppress(HTTPError):
            for line in _lines(response):
                yield line.decode("utf-8", "replace")

    def _json(
        self,
        method: str,
        path: str,
        what: str,
        query: Mapping[str, str] | None = None,
        body: Document | None = None,
    ) -> Document:
        try:
            return self._send(method, path, what, _document, query, body)
        except ValueError:
            raise FerrymanError(
                f"{what}: {self.host} answers, and not as a cluster does",
                cause="its answer is no JSON object",
                hint="is it the right context (--context)? Is a proxy or a login page in between?",
            ) from None

    def _send(
        self,
        method: str,
        path: str,
        what: str,
        take: Callable[[Any], _Taken],
        query: Mapping[str, str] | None = None,
        body: Document | None = None,
        timeout: tuple[int, int] = _TIMEOUT,
    ) -> _Taken:
        """Return what is taken from a success, or raise; repeat while the cluster is busy."""
        problem: FerrymanError | None = None
        after: str | None = None
        for attempt in range(_TRIES):
            if attempt:
                self._pause(_delay(attempt, after))
            try:
                response = self._once(method, path, query, body, timeout)
                self._reached = True
                if response.status < 300:
                    return take(response)
                problem = explain(what, response.status, _text(response))
                again = _passing(response.status, problem)
                after = response.headers.get("Retry-After")
            except (HTTPError, ApiException) as error:
                # Whoever points nowhere learns it at once.
                problem, after, again = unreachable(self.host, error), None, self._reached
            if not again:
                break
        assert problem is not None
        raise problem

    def _once(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Document | None,
        timeout: tuple[int, int],
    ) -> Any:
        client = self._connection.client
        kind = "application/apply-patch+yaml" if method == "PATCH" else "application/json"
        request = client.param_serialize(
            method=method,
            resource_path=path,
            query_params=[(k, v) for k, v in (query or {}).items() if v],
            header_params={"Accept": "application/json", "Content-Type": kind},
            # JSON is YAML, and the client sends text of this type as it is.
            body=None if body is None else json.dumps(body),
            auth_settings=["BearerToken"],
        )
        return client.call_api(*request, _request_timeout=timeout).response


def _as_it_is(response: Any) -> Any:
    return response


def _document(response: Any) -> Document:
    found = json.loads(response.read())
    if not isinstance(found, dict):
        raise ValueError("it is no object")
    return found


def _text(response: Any) -> str:
    return bytes(response.read()).decode("utf-8", "replace")


def _events(response: Any) -> Iterator[Document]:
    for line in _lines(response):
        if line:
            yield json.loads(line)


def _lines(response: Any) -> Iterator[bytes]:
    """Yield each line as soon as it is there."""
    rest = b""
    for chunk in response.stream(2**16):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _delay(attempt: int, after: str | None) -> float:
    """Return the seconds to wait: what the cluster says, or twice as long each time."""
    told = float(after) if after and after.isdigit() else 0.25 * 2**attempt
    return min(told, _LONGEST_PAUSE)


def _passing(status: int, problem: FerrymanError) -> bool:
    """Say whether a refusal may be gone in a moment."""
    if status == 409:
        return getattr(problem, "conflicts", None) is None
    return problem.hint is None and status in _BUSY and "webhook" not in problem.message


def _missing(kind: Kind) -> FerrymanError:
    brought = f"; {kind.brought_by} brings it" if kind.brought_by else ""
    return FerrymanError(
        f"the cluster has no kind {kind.name} of {kind.version}{brought}",
        hint="set kube_version in [tool.ferryman.k8s] to the cluster's"
        if not kind.brought_by
        else "ask whoever runs the cluster to install it",
    )
