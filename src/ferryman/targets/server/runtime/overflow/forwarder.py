"""Creates the forwarder from the settings of the overflow, and checks its credentials."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from yarl import URL

from ferryman.core.aws.credentials import has_credentials
from ferryman.core.errors import ConfigError
from ferryman.targets.server.runtime.overflow.settings import TABLE, OverflowSettings
from ferryman.targets.server.runtime.overflow.signed_hosts import signing_scope

if TYPE_CHECKING:
    from ferryman.targets.server.runtime.overflow.forwarding import Overflow

__all__ = ("check_credentials", "overflow_of")


def check_credentials(settings: OverflowSettings, environment: Mapping[str, str]) -> None:
    """Check that requests can be signed, if they must be.

    Raises:
        ConfigError: The environment has no credentials.
    """
    if settings.overflow is None or not settings.overflow_signed:
        return
    if signing_scope(URL(settings.overflow)) and not has_credentials(environment):
        raise ConfigError(
            f"{TABLE} overflow = {settings.overflow!r} is signed for, and the environment has no "
            "credentials",
            hint="set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for credentials that expire, "
            "AWS_SESSION_TOKEN; or overflow_signed to false if anybody may call it",
        )


def overflow_of(settings: OverflowSettings, count: Callable[[str], None]) -> Overflow | None:
    """Return the forwarder, or None if no overflow is configured.

    Args:
        settings: The server's settings.
        count: Called for each request, with the name of its outcome in the metrics.
    """
    if settings.overflow is None:
        return None
    from ferryman.targets.server.runtime.overflow.forwarding import Destination, Overflow

    url = URL(settings.overflow)
    to = Destination(url, settings.overflow_timeout, settings.overflow_signed)
    return Overflow(to, settings.overflow_share, count)
