"""Sends requests to a cluster, retries them while it is away, and explains its refusals.

It knows HTTP, but no kinds of objects. Retries are safe: every request has the same effect once or
twice.
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
"""Seconds that a cluster may be away for a request outside a deploy."""

_LONGEST_PAUSE = 5.0
_TIMEOUT = (10, 40)  # seconds to connect and to answer
_BUSY = (429, 500, 502, 503, 504)
_APPLY = "application/apply-patch+yaml"

_Taken = TypeVar("_Taken")


class Exchange:
    """Sends requests to a cluster.

    Args:
        connection: The connection to the cluster.
        outage: Seconds that the cluster may be away or busy until a request fails.
        pause: Waits some seconds before a retry.
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
        """Send a request, and return the object of its response.

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
        """Send a request, and return the status and the object of its response.

        Raises:
            FerrymanError: The cluster refused, or does not answer.
        """
        try:
            return self.send(
                method, path, what, _status_and_document, query, body, media_type=media_type
            )
        except ValueError:
            raise FerrymanError(
                f"{what}: {self.host} does not answer like a cluster",
                cause="its response is not a JSON object",
                hint="is it the right context (--context)? Is there a proxy or a login page?",
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
        """Send a request, with retries, and return what `take` makes of its response.

        Args:
            method: The HTTP method.
            path: The path.
            what: The request, for errors: `apply Deployment/shop`.
            take: Reads the result from a successful response.
            query: The query.
            body: The body, sent as JSON.
            timeout: Seconds to connect, and to answer.
            media_type: The body's media type; by default an apply for PATCH, and else JSON.

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
                retry = _passing(method, response.status, problem)
                after = response.headers.get("Retry-After")
            except (HTTPError, ApiException) as error:
                # Before the first response, a wrong address is more likely than an outage.
                problem, retry = unreachable(self.host, error), self._reached
            attempt += 1
            delay = _delay(attempt, after)
            if not retry or waited + delay > self._outage:
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
    """Return the response, whose body the caller reads."""
    return response


def text_of(response: Any) -> str:
    """Return the body as text. Invalid UTF-8 is replaced."""
    return bytes(response.read()).decode("utf-8", "replace")


def lines_of(response: Any) -> Iterator[bytes]:
    """Yield each line of the body as soon as it arrives."""
    rest = b""
    for chunk in response.stream(2**16):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _status_and_document(response: Any) -> tuple[int, Document]:
    document = json.loads(response.read())
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")
    return response.status, document


def _delay(attempt: int, after: str | None) -> float:
    """Return the seconds to wait: those of Retry-After, or twice as long for each attempt."""
    seconds = float(after) if after and after.isdigit() else 0.25 * 2 ** min(attempt, 10)
    return min(seconds, _LONGEST_PAUSE)


def _passing(method: str, status: int, problem: FerrymanError) -> bool:
    """Return whether a refusal is likely to pass, so that a retry may help."""
    if status == 409:
        # Two applies at once. After a create or replace the caller handles the conflict.
        return method == "PATCH" and getattr(problem, "conflicts", None) is None
    return problem.hint is None and status in _BUSY and "webhook" not in problem.message
