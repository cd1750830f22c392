"""The description of a gateway: its name, its two functions and its limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ferryman.local.gateway.faults import Fault
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = ("Gateway", "Limits", "Refused")


class Limits(NamedTuple):
    """The limits of a gateway; None if it has no limit of its own.

    Attributes:
        request_body: The most bytes of a request's body.
        response_body: The most bytes of a response's body.
        headers: The most bytes of all names and values of a request's headers.
        seconds: How long the source waits for a function.
    """

    request_body: int
    response_body: int
    headers: int | None = None
    seconds: float | None = None


class Gateway(NamedTuple):
    """Makes the events of one source, and reads the results that it expects.

    Attributes:
        name: The name of the event source.
        encode_request: Returns the event of a request, or raises Refused if the source does not
            pass the request to a function.
        decode_result: Returns the response in a result, or the source's own response to an
            unreadable result.
        forwards: The headers about the client that the source itself sets.
        limits: Its limits.
    """

    name: str
    encode_request: Callable[[HttpRequest], dict[str, Any]]
    decode_result: Callable[[object], HttpResponse]
    forwards: tuple[str, ...]
    limits: Limits


class Refused(Exception):
    """A request that the source answers itself.

    Args:
        fault: The reason.
    """

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.value)
        self.fault = fault
