"""Sessions of aiohttp-session in a cache, so that a visitor stays signed in when traffic moves.

The cookie holds only a random key. Only this module imports aiohttp-session, which the app must
install.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, cast

from aiohttp import web
from aiohttp_session import AbstractStorage, Session, SessionData

from ferryman.cache.contract import Cache

__all__ = ("CacheStorage",)

_MONTH = 30 * 24 * 60 * 60


class CacheStorage(AbstractStorage):
    """Keeps sessions in a cache: `aiohttp_session.setup(app, CacheStorage(CACHE))`.

    A session that is emptied, as `session.invalidate()` does, is deleted. A session whose key has
    disappeared is written under a new key, so that visitors cannot choose keys.

    Args:
        cache: The app's key of the cache, or a function that returns the cache for a request.
        ttl: Seconds to keep a session without `max_age` after its last change.
        prefix: The prefix of sessions' keys in the cache.
        **settings: Settings of `AbstractStorage`, such as `cookie_name`, `max_age` and `secure`.
    """

    def __init__(
        self,
        cache: web.AppKey[Cache] | Callable[[web.Request], Cache],
        *,
        ttl: int = _MONTH,
        prefix: str = "session:",
        **settings: Any,
    ) -> None:
        super().__init__(**settings)
        self._of = cache
        self._ttl = ttl
        self._prefix = prefix

    async def load_session(self, request: web.Request) -> Session:
        """Return the session that the request's cookie names, or a new one."""
        key = self.load_cookie(request)
        if not key or not key.isascii() or len(key) > 100:
            return self._new()
        found = await self._cache(request).get(self._prefix + key)
        if found is None:
            return self._new()
        try:
            data = self._decoder(found.decode())
        except ValueError:
            return self._new()
        if not isinstance(data, dict):
            return self._new()
        return Session(key, data=cast(SessionData, data), new=False, max_age=self.max_age)

    async def save_session(
        self, request: web.Request, response: web.StreamResponse, session: Session
    ) -> None:
        """Store a changed session, and set its cookie on the response."""
        cache = self._cache(request)
        key = session.identity
        if session.empty:
            if key is not None:
                await cache.delete(self._prefix + key)
            self.save_cookie(response, "", max_age=session.max_age)
            return
        if key is None:
            key = secrets.token_urlsafe(32)
        self.save_cookie(response, key, max_age=session.max_age)
        data = self._encoder(self._get_session_data(session))
        await cache.set(self._prefix + key, data.encode(), session.max_age or self._ttl)

    def _new(self) -> Session:
        return Session(None, data=None, new=True, max_age=self.max_age)

    def _cache(self, request: web.Request) -> Cache:
        if isinstance(self._of, web.AppKey):
            return request.config_dict[self._of]
        return self._of(request)
