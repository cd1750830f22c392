"""Checks the settings of the overflow, and makes of them what forwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Protocol

from yarl import URL

from ferryman.core.aws.credentials import has_credentials
from ferryman.core.errors import ConfigError
from ferryman.core.serving import Endpoint
from ferryman.targets.server.runtime.overflow.signed_hosts import signing_scope

if TYPE_CHECKING:
    from ferryman.targets.server.runtime.overflow.forwarding import Overflow

__all__ = ("OverflowSettings", "check_credentials", "check_overflow", "overflow_of")

_TABLE = "[tool.ferryman.server]"


class OverflowSettings(Protocol):
    """Those of the server's settings that are about the overflow."""

    @property
    def bind(self) -> str: ...  # noqa: D102

    @property
    def max_in_flight(self) -> int | None: ...  # noqa: D102

    @property
    def overflow(self) -> str | None: ...  # noqa: D102

    @property
    def overflow_share(self) -> float: ...  # noqa: D102

    @property
    def overflow_timeout(self) -> float: ...  # noqa: D102

    @property
    def overflow_signed(self) -> bool: ...  # noqa: D102


def check_overflow(settings: OverflowSettings) -> None:
    """See that the settings make sense together.

    Raises:
        ConfigError: They do not.
    """
    if settings.overflow_share > 1:
        raise ConfigError(
            f"{_TABLE} overflow_share = {settings.overflow_share:g} is more than all requests",
            hint="set it to a share above 0, and to 1 at most",
        )
    if settings.overflow is None:
        return
    url = _address(settings.overflow)
    if settings.max_in_flight is None:
        raise ConfigError(
            f"{_TABLE} overflow is set, and max_in_flight is not",
            cause="without a limit there is always room, and nothing to forward",
            hint="set max_in_flight to how many requests a worker answers at once",
        )
    if _is_own(url, Endpoint.parse(settings.bind)):
        raise ConfigError(
            f"{_TABLE} overflow = {settings.overflow!r} is this server itself (bind = "
            f"{settings.bind!r})",
            hint="set overflow to the address of another release, such as a Function URL",
        )


def check_credentials(settings: OverflowSettings, environment: Mapping[str, str]) -> None:
    """See that what has to be signed can be.

    Raises:
        ConfigError: The environment has no credentials.
    """
    if settings.overflow is None or not settings.overflow_signed:
        return
    if signing_scope(URL(settings.overflow)) and not has_credentials(environment):
        raise ConfigError(
            f"{_TABLE} overflow = {settings.overflow!r} is signed for, and the environment has no "
            "credentials",
            hint="set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for credentials that expire, "
            "AWS_SESSION_TOKEN; or overflow_signed to false if anybody may call it",
        )


def overflow_of(settings: OverflowSettings, count: Callable[[str], None]) -> Overflow | None:
    """Return what forwards, or None where nothing is to be forwarded.

    Args:
        settings: The server's.
        count: Is told what became of each request, by a name in the metrics.
    """
    if settings.overflow is None:
        return None
    from ferryman.targets.server.runtime.overflow.forwarding import Destination, Overflow

    url = URL(settings.overflow)
    to = Destination(url, settings.overflow_timeout, settings.overflow_signed)
    return Overflow(to, settings.overflow_share, count)


def _address(text: str) -> URL:
    try:
        url = URL(text)
        whole = url.scheme in ("http", "https") and url.host and url.port
        if whole and not (url.raw_query_string or url.raw_fragment or url.user or url.password):
            return url
    except ValueError:
        pass
    raise ConfigError(
        f"{_TABLE} overflow = {text!r} is not what it takes",
        hint="write the address of another release, such as https://example.org, without a query",
    )


def _is_own(url: URL, bind: Endpoint) -> bool:
    if url.port != bind.port or url.host is None:
        return False
    return Endpoint(url.host, url.port).is_local or url.host in (bind.host, "0.0.0.0", "::")  # noqa: S104
