"""Answers conditional requests for files whose dates come from their content.

Such a date identifies a file's content, but not which of two files is newer, as `If-Modified-Since`
assumes. So for a file dated before `REAL_DATES` the header's date must equal the file's, as with
nginx; for other files aiohttp compares as usual.
"""

from __future__ import annotations

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

__all__ = ("REAL_DATES", "compare_dates_exactly")

REAL_DATES = 1577836800
"""1 January 2020 in seconds since 1970. Artifacts give files earlier dates, from their content."""


def compare_dates_exactly() -> None:
    """Make aiohttp answer 304 for a file dated before 2020 only if the dates are equal.

    It imports aiohttp's file responses, which a cold start does not need, so a function calls it on
    the first request with such a header.
    """
    prepare = web.FileResponse.prepare
    if prepare.__module__ == __name__:
        return

    async def by_exact_date(
        response: web.FileResponse, request: web.BaseRequest
    ) -> AbstractStreamWriter | None:
        since = request.if_modified_since
        # If a request has an ETag, only the ETag decides (RFC 9110, 13.1.3).
        if (
            since is not None
            and request.if_none_match is None
            and (date := _date_of(response)) is not None
            and date < REAL_DATES
            and date != int(since.timestamp())
        ):
            request._cache["if_modified_since"] = None
        return await prepare(response, request)

    web.FileResponse.prepare = by_exact_date  # type: ignore[assignment,method-assign]


def _date_of(response: web.FileResponse) -> int | None:
    try:
        return int(response._path.stat().st_mtime)
    except OSError:
        return None
