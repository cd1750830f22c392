"""The capabilities of a server."""

from __future__ import annotations

from ferryman.core.capabilities import PLAIN_SERVER

__all__ = ("CAPABILITIES",)

CAPABILITIES = PLAIN_SERVER._replace(target="server")
