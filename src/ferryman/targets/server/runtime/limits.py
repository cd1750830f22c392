"""The limits of one worker: connections, and the sizes that aiohttp's parser allows."""

from __future__ import annotations

from dataclasses import dataclass, field

from ferryman.targets.server.runtime.options import ServerSettings

__all__ = ("RETRY_AFTER", "Limits")

RETRY_AFTER = 1
"""Seconds after which a client that was turned away may try again."""


@dataclass(slots=True)
class Limits:
    """The limits of one worker, and the number of its connections.

    Attributes:
        settings: The limits.
        connections: Open now.
        now: The loop's time at the next sweep. Reading it costs less than asking the clock for
            each request, and no time-out comes early.
        upgraded: Whether any connection has become a WebSocket.
    """

    settings: ServerSettings
    connections: int = field(default=0, init=False)
    now: float = field(default=0.0, init=False)
    upgraded: bool = field(default=False, init=False)

    @property
    def parsing(self) -> dict[str, int]:
        """The limits that aiohttp's parser takes, by argument."""
        line, header = self.settings.max_request_line, self.settings.max_header
        return {
            # aiohttp raises one error for both, and its limit alone tells which it was.
            "max_line_size": line + 1 if line == header else line,
            "max_field_size": header,
            "max_headers": self.settings.max_headers,
        }

    @property
    def full(self) -> bool:
        """Whether the worker accepts no further connection."""
        most = self.settings.max_connections
        return most is not None and self.connections >= most
