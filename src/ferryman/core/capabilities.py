"""The capabilities that a target offers the app.

A runtime declares its capabilities once, when it starts; the app asks with
`ferryman.capabilities()`.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ("PLAIN_SERVER", "Capabilities", "current", "declare")


class Capabilities(NamedTuple):
    """The capabilities of the target that the app runs on.

    It is a named tuple, because a dataclass takes a millisecond of each cold start to make.

    Attributes:
        target: The target's name, such as `lambda` or `server`.
        concurrency: Requests one process serves at the same time; None: no fixed bound.
        streaming: Whether a response reaches the client while it is being produced.
        websockets: Whether connections can be upgraded.
        work_after_response: Whether tasks go on running once a response is sent.
        request_limit: The largest request body in bytes; None: only the app's own bound.
        response_limit: The largest response body in bytes; None: no bound.
        time_limit: Seconds after which a request is cut off; None: no bound.
        writable: The only directory that the app can write to; None: no such restriction.
        base_path: The path prefix that is removed before the app sees a request; see
            `ferryman.prefix`, which includes the stage too.
    """

    target: str
    concurrency: int | None
    streaming: bool
    websockets: bool
    work_after_response: bool
    request_limit: int | None
    response_limit: int | None
    time_limit: float | None
    writable: str | None
    base_path: str = ""


PLAIN_SERVER = Capabilities(
    target="none",
    concurrency=None,
    streaming=True,
    websockets=True,
    work_after_response=True,
    request_limit=None,
    response_limit=None,
    time_limit=None,
    writable=None,
)
"""What any aiohttp server offers: the default when no target of ferryman runs the app."""

_declared = PLAIN_SERVER


def declare(capabilities: Capabilities) -> None:
    """Set the capabilities of this process. The target's runtime calls it once, at start."""
    global _declared
    _declared = capabilities


def current() -> Capabilities:
    """Return the capabilities of the target that runs this process.

    Without a target (the app started by hand, or in its own tests) the result describes a plain
    aiohttp server, and its `target` is `none`.
    """
    return _declared
