"""Answers conditional requests for files whose dates come from their content.

Such a date says whether a file is the same one, and not which of two is newer, as
`If-Modified-Since` supposes. So of a file that is dated before `REAL_DATES` the date asked by must
be the very date, as it must with nginx; others are compared as aiohttp does.
"""

from __future__ import annotations

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

__all__ = ("REAL_DATES", "compare_dates_exactly")

REAL_DATES = 1577836800
"""1 January 2020 in seconds since 1970. An artifact dates files by their content before it."""


def compare_dates_exactly() -> None:
    """Have aiohttp answer 304 for a file that is dated before 2020 only to its own date.

    It loads aiohttp's file responses, which a cold start does without, so a function calls it
    when a request asks with such a header.
    """
    prepare = web.FileResponse.prepare
    if prepare.__module__ == __name__:
        return

    async def by_exact_date(
        response: web.FileResponse, request: web.BaseRequest
    ) -> AbstractStreamWriter | None:
        since = request.if_modified_since
        # An ETag decides alone where a request has one (RFC 9110, 13.1.3).
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
