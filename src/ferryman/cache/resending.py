"""The rule for retries.

A request that was not carried out may always be sent again. One without a response may have been
carried out: it is sent again if a repeat changes nothing, as for reads and unconditional writes.
`incr`, `set` with `only_if_absent` and `delete_if` are not sent again: a repeat would count twice,
or report that another caller was first.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from ferryman.cache.exceptions import CacheUnavailable, CacheUncertain, Cut, NotDone

__all__ = ("ATTEMPTS", "send")

Result = TypeVar("Result")

ATTEMPTS = 3
"""How often a request is sent at most."""

_FIRST_WAIT = 0.025
"""Seconds before the second attempt, on average; each wait doubles."""


async def send(what: str, exchange: Callable[[], Awaitable[Result]], *, again: bool) -> Result:
    """Send a request, retrying as allowed, and return its response.

    Args:
        what: The operation and its store, for errors.
        exchange: Sends the request once; raises `NotDone` or `Cut`.
        again: Whether it may be sent again though it may have been carried out.

    Raises:
        CacheUncertain: The request may have been carried out, and must not be sent again.
        CacheUnavailable: All attempts failed.
        FerrymanError: The store's error is final.
    """
    wait, reason = _FIRST_WAIT, Exception()
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await exchange()
        except NotDone as error:
            if error.final is not None:
                raise error.final from error
            reason = error
        except Cut as error:
            if not again:
                raise CacheUncertain(
                    f"{what}: the answer did not come, and it may have been done",
                    cause=str(error),
                    hint="look with `get` before you repeat it, or let the caller decide",
                ) from error
            reason = error
        if attempt < ATTEMPTS:
            await asyncio.sleep(wait * random.uniform(0.5, 1.5))  # noqa: S311 - only a wait
            wait *= 2
    raise CacheUnavailable(
        f"{what}: no answer in {ATTEMPTS} attempts",
        cause=str(reason),
        hint="is the store running, and may this process reach it?",
    ) from reason
