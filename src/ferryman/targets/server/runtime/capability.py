"""What a server offers the app."""

from __future__ import annotations

from ferryman.core.capabilities import Capabilities

__all__ = ("CAPABILITIES",)

CAPABILITIES = Capabilities(
    target="server",
    concurrency=None,
    streaming=True,
    websockets=True,
    work_after_response=True,
    request_limit=None,
    response_limit=None,
    time_limit=None,
    writable=None,
)
