"""Checks that a server in a container can be reached from outside, and has health checks."""

from __future__ import annotations

from ferryman.core.errors import ConfigError
from ferryman.core.serving import Endpoint, Front

__all__ = ("check_front",)


def check_front(front: Front, container: str) -> None:
    """Check that a server can be reached from outside its container, and has health checks.

    Args:
        front: The server's ports.
        container: The word for its container in errors, such as `pod`.

    Raises:
        ConfigError: It cannot be reached, or has no health checks.
    """
    _check_reachable("bind", front.app, container)
    if front.admin is not None:
        _check_reachable("admin_bind", front.admin, container)
    elif not front.health_on_app_port:
        raise ConfigError(
            f"[tool.ferryman.server] has no health checks, and a {container} needs some",
            cause='admin_bind = "" and health_on_app_port = false',
            hint="leave admin_bind out, or set health_on_app_port = true",
        )


def _check_reachable(key: str, place: Endpoint, container: str) -> None:
    if place.is_local:
        raise ConfigError(
            f"[tool.ferryman.server] {key}: nothing outside the {container} could connect to it",
            cause="it is a UNIX socket" if place.port is None else f"{place.host} is loopback",
            hint="leave it out: the default in an image is a port on all addresses",
        )
    if not place.port:
        raise ConfigError(
            f"[tool.ferryman.server] {key}: port 0 is a different port in each {container}",
            hint="leave it out, or set a port",
        )
