"""The errors that a cache raises. They never contain a value, a password or a token."""

from __future__ import annotations

from ferryman.core.errors import ConfigError, FerrymanError

__all__ = (
    "CacheConfigError",
    "CacheError",
    "CacheFull",
    "CacheLimitError",
    "CacheReadOnly",
    "CacheUnavailable",
    "CacheUncertain",
    "CounterError",
    "Cut",
    "LockLost",
    "LockTaken",
    "NotDone",
)


class CacheError(FerrymanError):
    """A cache operation failed. The base class of the others, except `CacheConfigError`."""


class CacheConfigError(ConfigError):
    """The URL of a cache is wrong, or its store is not suitable for a cache."""


class CacheLimitError(CacheError):
    """A key, a value or a time to live is beyond the limits that all stores share."""


class CounterError(CacheError):
    """`incr` met a value that is not a whole number of 64 bits, or would leave that range."""


class CacheUnavailable(CacheError):
    """The store does not respond. Repeating the call does no harm."""


class CacheReadOnly(CacheUnavailable):
    """The store takes no writes: it is a replica, or the caller may only read."""


class CacheFull(CacheUnavailable):
    """The store has no room, and may evict nothing."""


class CacheUncertain(CacheError):
    """A call was sent without a response and may have been done, so it must not be sent again.

    Only `incr`, `set` with `only_if_absent` and `delete_if` raise it.
    """


class LockTaken(CacheError):
    """Another process holds the lock, and did not release it in time."""


class LockLost(CacheError):
    """A lock expired while it was held, so another process may have held it, too."""


class NotDone(Exception):
    """Inside a store: a request was not carried out, so it may be sent again.

    Args:
        reason: Why, in words for the caller.
        final: The error to raise at once, if retrying is useless.
    """

    def __init__(self, reason: str, final: FerrymanError | None = None) -> None:
        super().__init__(reason)
        self.final = final


class Cut(Exception):
    """Inside a store: a request was sent without a response; it may have been done."""
