"""What the server needs besides the app's own."""

from __future__ import annotations

from ferryman.targets.server.options import ServerOptions

__all__ = ("server_requirements",)

# The worker's connections extend aiohttp's own, whose inner parts were others before.
_AIOHTTP = "aiohttp>=3.11,<4"
_GUNICORN = "gunicorn>=26.1,<28"
_TELEMETRY = ("opentelemetry-sdk>=1.40,<2", "opentelemetry-exporter-otlp-proto-http>=1.40,<2")


def server_requirements(options: ServerOptions) -> tuple[str, ...]:
    """Return it as lines of a requirements file.

    Args:
        options: What the project says.
    """
    telemetry = _TELEMETRY if options.telemetry else ()
    return (_AIOHTTP, _GUNICORN, *telemetry)
