"""How much one worker bears, and what aiohttp's parser is told of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from ferryman.targets.server.runtime.options import ServerSettings

__all__ = ("RETRY_AFTER", "Limits")

RETRY_AFTER = 1
"""Seconds after which a client that was turned away may try again."""


@dataclass(slots=True)
class Limits:
    """The limits of one worker, and how many connections it has.

    Attributes:
        settings: The limits.
        connections: Open now.
        now: The loop's time of the next sweep: nobody is late too early, and it is cheaper
            than to ask for each request.
        upgraded: Whether any connection has become a WebSocket.
    """

    settings: ServerSettings
    connections: int = field(default=0, init=False)
    now: float = field(default=0.0, init=False)
    upgraded: bool = field(default=False, init=False)

    @property
    def parsing(self) -> dict[str, int]:
        """What aiohttp's parser is told."""
        line, header = self.settings.max_request_line, self.settings.max_header
        return {
            # aiohttp raises one error for both, and its limit alone tells which it was.
            "max_line_size": line + 1 if line == header else line,
            "max_field_size": header,
            "max_headers": self.settings.max_headers,
        }

    @property
    def full(self) -> bool:
        """Whether there is no room for one more connection."""
        most = self.settings.max_connections
        return most is not None and self.connections >= most
