"""What a server offers the app."""

from __future__ import annotations

from dataclasses import replace

from ferryman.core.capabilities import PLAIN_SERVER

__all__ = ("CAPABILITIES",)

CAPABILITIES = replace(PLAIN_SERVER, target="server")
