"""What a server in a container must show, so that what stands in front of it can reach it."""

from __future__ import annotations

from ferryman.core.errors import ConfigError
from ferryman.core.serving import Endpoint, Front

__all__ = ("check_front",)


def check_front(front: Front, container: str) -> None:
    """Check that a server can be reached from outside, and asked whether it is well.

    Args:
        front: What the server shows.
        container: What it runs in, such as `pod`.

    Raises:
        ConfigError: It cannot.
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
            f"[tool.ferryman.server] {key}: nothing outside of the {container} could connect to it",
            cause="it is a UNIX socket" if place.port is None else f"{place.host} is loopback",
            hint="leave it out, and it is a port of every address in an image",
        )
    if not place.port:
        raise ConfigError(
            f"[tool.ferryman.server] {key}: port 0 is another one in each {container}",
            hint="leave it out, or set a port",
        )
