"""Conditional requests for files whose dates come from their content."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from email.utils import formatdate
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from ferryman.core.static_files import REAL_DATES, compare_dates_exactly

DATE = 1_000_000_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "static" / "site.js"
    file.parent.mkdir()
    file.write_text("const PRICE = 1")
    os.utime(file, (DATE, DATE))
    return file


@pytest.fixture
async def client(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    app = web.Application()
    app.router.add_static("/static", file.parent)
    monkeypatch.setattr(web.FileResponse, "prepare", web.FileResponse.prepare)  # put back after
    compare_dates_exactly()
    compare_dates_exactly()  # as for a second request
    async with TestClient(TestServer(app)) as client:
        yield client


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"If-Modified-Since": formatdate(DATE, usegmt=True)}, 304),
        ({"If-Modified-Since": formatdate(DATE + 1, usegmt=True)}, 200),
        ({"If-Modified-Since": formatdate(DATE - 1, usegmt=True)}, 200),
        # The client's own clock, where it has kept no date.
        ({"If-Modified-Since": formatdate(REAL_DATES * 1.1, usegmt=True)}, 200),
        ({"If-Modified-Since": "nonsense"}, 200),
        ({"If-None-Match": '"other"', "If-Modified-Since": formatdate(DATE, usegmt=True)}, 200),
    ],
)
async def test_only_the_same_date_means_the_same_file(
    client: TestClient[web.Request, web.Application], headers: dict[str, str], status: int
) -> None:
    async with client.get("/static/site.js", headers=headers) as answer:
        assert answer.status == status


async def test_a_file_with_a_real_date_is_compared_by_it(
    client: TestClient[web.Request, web.Application], file: Path
) -> None:
    os.utime(file, (REAL_DATES + 60, REAL_DATES + 60))
    for later, status in ((-1, 200), (60, 304), (90, 304)):
        headers = {"If-Modified-Since": formatdate(REAL_DATES + later, usegmt=True)}
        async with client.get("/static/site.js", headers=headers) as answer:
            assert answer.status == status


async def test_the_etag_counts_where_there_is_one(
    client: TestClient[web.Request, web.Application],
) -> None:
    async with client.get("/static/site.js") as answer:
        etag = answer.headers["ETag"]
    other = formatdate(DATE + 9, usegmt=True)
    headers = {"If-None-Match": etag, "If-Modified-Since": other}
    async with client.get("/static/site.js", headers=headers) as answer:
        assert answer.status == 304


async def test_a_file_that_is_gone_is_not_found(
    client: TestClient[web.Request, web.Application], file: Path
) -> None:
    file.unlink()
    headers = {"If-Modified-Since": formatdate(DATE, usegmt=True)}
    async with client.get("/static/site.js", headers=headers) as answer:
        assert answer.status == 404
