"""The limits of keys, values and times in every store, checked before anything is sent.

The limits are those of the smallest store. DynamoDB holds 400 KB in an item, with its names and
the key ("Quotas in Amazon DynamoDB").
"""

from __future__ import annotations

import operator

from ferryman.cache.exceptions import CacheLimitError

__all__ = (
    "COUNTER_HIGH",
    "COUNTER_LOW",
    "KEY_LIMIT",
    "TTL_LIMIT",
    "VALUE_LIMIT",
    "check_increment",
    "check_key",
    "check_ttl",
    "check_value",
)

KEY_LIMIT = 1024
"""The most bytes of a key in UTF-8; the least is one."""

VALUE_LIMIT = 380 * 1024
"""The most bytes of a value."""

TTL_LIMIT = 10 * 366 * 24 * 60 * 60
"""The longest time to live in seconds, ten years; the shortest is one."""

COUNTER_LOW, COUNTER_HIGH = -(2**63), 2**63 - 1
"""The range of a counter: 64 bits, as in Redis."""


def check_key(key: str) -> None:
    """Refuse a key outside the limits.

    Raises:
        CacheLimitError: The key is empty, too long, or cannot be encoded.
        TypeError: The key is not a string.
    """
    if not isinstance(key, str):
        raise TypeError(f"a key is a str, not {type(key).__name__}")
    if key and key.isascii() and len(key) <= KEY_LIMIT:
        return
    try:
        size = len(key.encode())
    except UnicodeEncodeError as error:
        raise CacheLimitError(
            f"the key {key[:40]!r} is not text", cause=error.reason, hint="encode bytes as hex"
        ) from error
    if not 1 <= size <= KEY_LIMIT:
        raise CacheLimitError(
            f"the key {key[:40]!r} is {size} bytes",
            cause=f"keys have from 1 to {KEY_LIMIT} bytes, in every store",
            hint="use a digest of what makes it long, such as hashlib.sha256(...).hexdigest()",
        )


def check_value(key: str, value: bytes) -> None:
    """Refuse a value outside the limits.

    Raises:
        CacheLimitError: The value is too long.
        TypeError: The value is not bytes.
    """
    if not isinstance(value, bytes):
        raise TypeError(f"the value of {key!r} is {type(value).__name__}, and values are bytes")
    if len(value) > VALUE_LIMIT:
        raise CacheLimitError(
            f"the value of {key!r} is {len(value)} bytes",
            cause=f"values have at most {VALUE_LIMIT} bytes, in every store",
            hint="compress it, or keep it in object storage and its address here",
        )


def check_ttl(ttl: int | None) -> None:
    """Refuse a time to live that is not whole seconds, or None.

    Raises:
        CacheLimitError: The time is less than one second, or more than ten years.
        TypeError: The argument is not a whole number.
    """
    if ttl is None:
        return
    if isinstance(ttl, bool) or not isinstance(ttl, int):
        raise TypeError(f"a time to live is whole seconds, not {ttl!r}")
    if not 1 <= ttl <= TTL_LIMIT:
        raise CacheLimitError(
            f"a time to live of {ttl} s",
            cause=f"it is from 1 to {TTL_LIMIT} s, in every store",
            hint="leave ttl out for what never expires",
        )


def check_increment(by: int) -> None:
    """Refuse an increment outside the range of counters.

    Raises:
        CacheLimitError: The increment has more than 64 bits.
        TypeError: The argument is not a whole number.
    """
    operator.index(by)
    if not COUNTER_LOW < by <= COUNTER_HIGH:
        raise CacheLimitError(f"incr by {by}", cause="counters have 64 bits, in every store")
