"""What a target offers the app that runs on it.

A runtime declares its capabilities once, when it starts; the app asks with
`ferryman.capabilities()`.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = ("PLAIN_SERVER", "Capabilities", "current", "declare")


class Capabilities(NamedTuple):
    """What the app can rely on where it runs.

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
        writable: The directory that can be written to, if there is only one.
        base_path: The path that is taken off before the app sees a request; see
            `ferryman.prefix`, which knows of stages too.
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
"""What any server offers; also what holds when the app runs under no target of ours."""

_declared = PLAIN_SERVER


def declare(capabilities: Capabilities) -> None:
    """Say what the running target offers. Called once, by the target's runtime."""
    global _declared
    _declared = capabilities


def current() -> Capabilities:
    """Return the capabilities of the target that is running this process.

    Outside any target (the app started by hand, or in its own tests) the answer
    describes a plain aiohttp server and its `target` is `none`.
    """
    return _declared
