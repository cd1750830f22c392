"""The limits of one worker: connections, and the sizes that aiohttp's parser allows."""

from __future__ import annotations

from dataclasses import dataclass, field

from ferryman.targets.server.runtime.options import ServerSettings

__all__ = ("RETRY_AFTER", "Limits")

RETRY_AFTER = 1
"""Seconds after which a rejected client may try again."""


@dataclass(slots=True)
class Limits:
    """The limits of one worker, and the number of its connections.

    Attributes:
        settings: The limits.
        connections: The number of open connections.
        now: The loop's time at the next sweep, in seconds. Reading it is cheaper than asking the
            clock for each request, and no time-out is early.
        upgraded: Whether any connection has become a WebSocket.
    """

    settings: ServerSettings
    connections: int = field(default=0, init=False)
    now: float = field(default=0.0, init=False)
    upgraded: bool = field(default=False, init=False)

    @property
    def parsing(self) -> dict[str, int]:
        """The limits of aiohttp's parser, by argument."""
        line, header = self.settings.max_request_line, self.settings.max_header
        return {
            # aiohttp raises one error for both; only the limit in it shows which one applies.
            "max_line_size": line + 1 if line == header else line,
            "max_field_size": header,
            "max_headers": self.settings.max_headers,
        }

    @property
    def full(self) -> bool:
        """Whether the worker accepts no further connection."""
        most = self.settings.max_connections
        return most is not None and self.connections >= most
