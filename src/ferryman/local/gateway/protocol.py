"""A gateway: a name, two functions and its limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ferryman.local.gateway.faults import Fault
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

__all__ = ("Gateway", "Limits", "Refused")


class Limits(NamedTuple):
    """The limits of a gateway; None where it has no limit of its own.

    Attributes:
        request_body: Bytes of a request's body.
        response_body: Bytes of a response's body, as it stands in the result.
        headers: Bytes of all names and values of a request's headers.
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
        encode_request: The event of a request. It raises Refused for what the source never
            hands to a function.
        decode_result: The response that a result makes; if it cannot be read, the
            source's own answer to that.
        forwards: The headers about the client that the source itself writes.
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
