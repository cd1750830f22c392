"""Adapts the settings of a server that Lambda starts as a Web Function.

Source: "Web Functions" in the AWS Lambda developer guide. Lambda stops sending requests before it
signals the process to end, and then allows one second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ferryman.core.errors import ConfigError
from ferryman.core.serving import Endpoint
from ferryman.targets.server.runtime.options import ServerSettings

__all__ = ("ENDPOINT", "as_web_function")

ENDPOINT = "AWS_LAMBDA_HTTP_ENDPOINT"
"""The variable with the address that the process must listen on."""

# Part of the one second; the rest is for the app's cleanup and the processes.
_GRACEFUL_TIMEOUT = 0.4


def as_web_function(settings: ServerSettings, environment: Mapping[str, str]) -> ServerSettings:
    """Return settings that fit Lambda if it has started the process, else the same ones.

    Args:
        settings: The settings of the build or of the command line.
        environment: The variables of the process.

    Raises:
        ConfigError: The variable does not hold an address.
    """
    told = environment.get(ENDPOINT)
    if not told:
        return settings
    bind = told.removeprefix("http://").rstrip("/")
    try:
        Endpoint.parse(bind)
    except ValueError as error:
        raise ConfigError(
            f"{ENDPOINT} is {told!r}, which is not an address to listen at",
            hint=f"{error}; Lambda alone should set it",
        ) from None
    return replace(
        settings,
        bind=bind,
        admin_bind=None,
        drain_delay=0,
        graceful_timeout=min(settings.graceful_timeout, _GRACEFUL_TIMEOUT),
    )
