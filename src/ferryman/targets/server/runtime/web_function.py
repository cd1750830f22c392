"""A server that Lambda starts as a Web Function: where it listens, and how soon it ends.

Source: "Web Functions" in the AWS Lambda developer guide. Lambda sends no more requests before it
asks the process to end, and gives it a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ferryman.core.errors import ConfigError
from ferryman.core.serving import Endpoint
from ferryman.targets.server.runtime.options import ServerSettings

__all__ = ("ENDPOINT", "as_web_function")

ENDPOINT = "AWS_LAMBDA_HTTP_ENDPOINT"
"""The variable in which Lambda says where the process must listen."""

# Of the one second; the rest is for the app's cleanup and the processes.
_GRACEFUL_TIMEOUT = 0.4


def as_web_function(settings: ServerSettings, environment: Mapping[str, str]) -> ServerSettings:
    """Return settings that do as Lambda says, where it has started the process.

    Args:
        settings: What the build, or the command line, decided.
        environment: The variables of the process.

    Raises:
        ConfigError: Lambda gives something other than an address.
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
