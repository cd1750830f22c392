"""Exchanges requests and responses with a cluster: repeats while it is away, explains refusals.

It knows HTTP and no kind of object. Requests are repeated where that cannot double anything:
all that is sent has the same effect twice as once.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from kubernetes.client import ApiException
from urllib3 import HTTPHeaderDict
from urllib3.exceptions import HTTPError

from ferryman.core.errors import FerrymanError
from ferryman.targets.k8s.cluster.failures import explain, unreachable
from ferryman.targets.k8s.cluster.kubeconfig import Connection
from ferryman.targets.k8s.rendering import Document

__all__ = ("SHORT_OUTAGE", "Exchange", "as_it_is", "lines_of", "text_of")

SHORT_OUTAGE = 8.0
"""Seconds that a cluster may be away while nothing depends on it but an answer."""

_LONGEST_PAUSE = 5.0
_TIMEOUT = (10, 40)  # seconds to connect and to answer
_BUSY = (429, 500, 502, 503, 504)
_APPLY = "application/apply-patch+yaml"

_Taken = TypeVar("_Taken")


class Exchange:
    """What sends requests to a cluster.

    Args:
        connection: Where it is.
        outage: Seconds that the cluster may be away or busy until a request fails.
        pause: Waits some seconds before a request is repeated.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        outage: float = SHORT_OUTAGE,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = connection
        self._outage = outage
        self.pause = pause
        self._reached = False
        self.host = connection.host

    def document(
        self,
        method: str,
        path: str,
        what: str,
        query: Mapping[str, str] | None = None,
        body: Document | None = None,
    ) -> Document:
        """Return the object that the cluster answers with.

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        return self.answer(method, path, what, query, body)[1]

    def answer(
        self,
        method: str,
        path: str,
        what: str,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        *,
        media_type: str | None = None,
    ) -> tuple[int, Document]:
        """Return the status of a success, and the object.

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        try:
            return self.send(
                method, path, what, _status_and_document, query, body, media_type=media_type
            )
        except ValueError:
            raise FerrymanError(
                f"{what}: {self.host} answers, and not as a cluster does",
                cause="its answer is not a JSON object",
                hint="is it the right context (--context)? Is a proxy or a login page in between?",
            ) from None

    def send(
        self,
        method: str,
        path: str,
        what: str,
        take: Callable[[Any], _Taken],
        query: Mapping[str, str] | None = None,
        body: Any = None,
        *,
        timeout: tuple[int, int] = _TIMEOUT,
        media_type: str | None = None,
    ) -> _Taken:
        """Return what is taken from a success, or raise; repeat while the cluster is away.

        Args:
            method: The HTTP method.
            path: The path.
            what: What is done, for the error: `apply Deployment/shop`.
            take: Takes the result from the response.
            query: The query.
            body: The body, sent as JSON.
            timeout: Seconds to connect, and to answer.
            media_type: The body's; by default that of an apply, or JSON.

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        waited, attempt = 0.0, 0
        while True:
            after: str | None = None
            try:
                response = self._once(method, path, query, body, timeout, media_type)
                self._reached = True
                if response.status < 300:
                    return take(response)
                problem = explain(what, response.status, text_of(response))
                again = _passing(method, response.status, problem)
                after = response.headers.get("Retry-After")
            except (HTTPError, ApiException) as error:
                # A context that points nowhere is told at once.
                problem, again = unreachable(self.host, error), self._reached
            attempt += 1
            delay = _delay(attempt, after)
            if not again or waited + delay > self._outage:
                raise problem
            self.pause(delay)
            waited += delay

    def _once(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        body: Any,
        timeout: tuple[int, int],
        media_type: str | None,
    ) -> Any:
        client = self._connection.client
        kind = media_type or (_APPLY if method == "PATCH" else "application/json")
        _, url, headers, sent_body, form = client.param_serialize(
            method=method,
            resource_path=path,
            query_params=[(k, v) for k, v in (query or {}).items() if v],
            header_params={"Accept": "application/json", "Content-Type": kind},
            # JSON is YAML, and the client sends text of that type as it is.
            body=json.dumps(body) if kind == _APPLY else body,
            auth_settings=["BearerToken"],
        )
        sent = HTTPHeaderDict(headers)
        for name, value in self._connection.impersonation:
            sent.add(name, value)
        return client.call_api(
            method, url, sent, sent_body, form, _request_timeout=timeout
        ).response


def as_it_is(response: Any) -> Any:
    """Return a response whose body is still to be read."""
    return response


def text_of(response: Any) -> str:
    """Return the body as text; bytes that are not UTF-8 are replaced."""
    return bytes(response.read()).decode("utf-8", "replace")


def lines_of(response: Any) -> Iterator[bytes]:
    """Yield each line of the body as soon as it is there."""
    rest = b""
    for chunk in response.stream(2**16):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _status_and_document(response: Any) -> tuple[int, Document]:
    found = json.loads(response.read())
    if not isinstance(found, dict):
        raise ValueError("it is not an object")
    return response.status, found


def _delay(attempt: int, after: str | None) -> float:
    """Return the seconds to wait: what the cluster says, or twice as long each time."""
    told = float(after) if after and after.isdigit() else 0.25 * 2 ** min(attempt, 10)
    return min(told, _LONGEST_PAUSE)


def _passing(method: str, status: int, problem: FerrymanError) -> bool:
    """Return whether a refusal may be gone in a moment."""
    if status == 409:
        # Two applies at once; the version of an object that is created or replaced is meant.
        return method == "PATCH" and getattr(problem, "conflicts", None) is None
    return problem.hint is None and status in _BUSY and "webhook" not in problem.message
