"""Checks the settings of the overflow. A build uses it too, so it imports little."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ferryman.core.errors import ConfigError
from ferryman.core.serving import Endpoint

if TYPE_CHECKING:
    from yarl import URL

__all__ = ("TABLE", "OverflowSettings", "check_overflow")

TABLE = "[tool.ferryman.server]"
"""The table of the settings in error messages."""


class OverflowSettings(Protocol):
    """The server's settings for the overflow."""

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
    """Check that the settings fit together.

    Raises:
        ConfigError: Two settings contradict each other, or one is missing.
    """
    if settings.overflow_share > 1:
        raise ConfigError(
            f"{TABLE} overflow_share = {settings.overflow_share:g} is more than all requests",
            hint="set it to a share above 0, and to 1 at most",
        )
    if settings.overflow is None:
        return
    url = _address(settings.overflow)
    if settings.max_in_flight is None:
        raise ConfigError(
            f"{TABLE} overflow is set, and max_in_flight is not",
            cause="without a limit there is always room, and nothing to forward",
            hint="set max_in_flight to how many requests a worker answers at once",
        )
    if _is_own(url, Endpoint.parse(settings.bind)):
        raise ConfigError(
            f"{TABLE} overflow = {settings.overflow!r} is this server itself (bind = "
            f"{settings.bind!r})",
            hint="set overflow to the address of another release, such as a Function URL",
        )


def _address(text: str) -> URL:
    from yarl import URL  # few servers have an overflow, and other builds need not import it

    try:
        url = URL(text)
        whole = url.scheme in ("http", "https") and url.host and url.port
        if whole and not (url.raw_query_string or url.raw_fragment or url.user or url.password):
            return url
    except ValueError:
        pass
    raise ConfigError(
        f"{TABLE} overflow = {text!r} is not what it takes",
        hint="write the address of another release, such as https://example.org, without a query",
    )


def _is_own(url: URL, bind: Endpoint) -> bool:
    if url.port != bind.port or url.host is None:
        return False
    return Endpoint(url.host, url.port).is_local or url.host in (bind.host, "0.0.0.0", "::")  # noqa: S104
