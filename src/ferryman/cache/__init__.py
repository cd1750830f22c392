"""A cache that moves with the app: one contract on bytes, and four kinds of stores behind it.

The app opens a store by its URL (`memory://`, `redis://`, `dynamodb://`, `upstash://`); the methods
have the names of Redis commands. The room ships with the app, imports the standard library, aiohttp
and `core`, and loads other packages only for the URL's store. It must not know a target.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ferryman.cache.contract import ABSENT as ABSENT
    from ferryman.cache.contract import LASTING as LASTING
    from ferryman.cache.contract import Cache as Cache
    from ferryman.cache.declared import KEY_LIMIT as KEY_LIMIT
    from ferryman.cache.declared import TTL_LIMIT as TTL_LIMIT
    from ferryman.cache.declared import VALUE_LIMIT as VALUE_LIMIT
    from ferryman.cache.exceptions import CacheConfigError as CacheConfigError
    from ferryman.cache.exceptions import CacheError as CacheError
    from ferryman.cache.exceptions import CacheFull as CacheFull
    from ferryman.cache.exceptions import CacheLimitError as CacheLimitError
    from ferryman.cache.exceptions import CacheReadOnly as CacheReadOnly
    from ferryman.cache.exceptions import CacheUnavailable as CacheUnavailable
    from ferryman.cache.exceptions import CacheUncertain as CacheUncertain
    from ferryman.cache.exceptions import CounterError as CounterError
    from ferryman.cache.exceptions import LockLost as LockLost
    from ferryman.cache.exceptions import LockTaken as LockTaken
    from ferryman.cache.helpers import cached as cached
    from ferryman.cache.helpers import lock as lock
    from ferryman.cache.stores import open_cache as open_cache

_HOMES = {
    "ABSENT": "contract",
    "LASTING": "contract",
    "Cache": "contract",
    "KEY_LIMIT": "declared",
    "TTL_LIMIT": "declared",
    "VALUE_LIMIT": "declared",
    "CacheConfigError": "exceptions",
    "CacheError": "exceptions",
    "CacheFull": "exceptions",
    "CacheLimitError": "exceptions",
    "CacheReadOnly": "exceptions",
    "CacheUnavailable": "exceptions",
    "CacheUncertain": "exceptions",
    "CounterError": "exceptions",
    "LockLost": "exceptions",
    "LockTaken": "exceptions",
    "cached": "helpers",
    "lock": "helpers",
    "open_cache": "stores",
}

__all__ = tuple(_HOMES)


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
