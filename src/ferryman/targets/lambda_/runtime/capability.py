"""What Lambda offers the app. The limits are AWS's, from "Lambda quotas"."""

from __future__ import annotations

from ferryman.core.capabilities import Capabilities

__all__ = ("CAPABILITIES", "offer_streaming")

_MIB = 1024 * 1024

CAPABILITIES = Capabilities(
    target="lambda",
    concurrency=1,
    streaming=False,
    websockets=False,
    work_after_response=False,
    # A payload has up to 6 MB in each direction, and bodies that are not text are base64.
    request_limit=6 * _MIB * 3 // 4,
    response_limit=6 * _MIB * 3 // 4,
    time_limit=900.0,
    writable="/tmp",  # noqa: S108 - the one directory that Lambda lets a function write to
)


def offer_streaming(offered: Capabilities) -> Capabilities:
    """Return what is offered where responses are streamed, which may be larger: 200 MB."""
    return offered._replace(streaming=True, response_limit=200 * _MIB)
