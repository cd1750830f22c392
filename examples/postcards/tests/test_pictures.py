"""Stamps and uploaded pictures, byte by byte."""

import struct
import zlib

import pytest
from aiohttp import FormData

GIF = b"GIF89a" + bytes(20)


def upload(data, content_type):
    form = FormData()
    form.add_field("picture", data, filename="a picture", content_type=content_type)
    return form


def chunks_of(png):
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length)[0] == zlib.crc32(kind + data)
        chunks[kind] = data
        at += length + 12
    return chunks


async def test_a_stamp_is_a_whole_png(client):
    answer = await client.get("/stamps/1.png")
    assert answer.content_type == "image/png"
    chunks = chunks_of(await answer.read())
    width, height, depth = struct.unpack_from(">IIB", chunks[b"IHDR"])
    assert (width, height) == (88, 104)
    assert len(zlib.decompress(chunks[b"IDAT"])) == height * (1 + width * depth // 8)
    assert b"IEND" in chunks


async def test_a_stamp_changes_with_the_place_and_so_does_its_etag(client):
    before = await client.get("/stamps/1.png")
    known = {"If-None-Match": before.headers["ETag"]}
    unchanged = await client.get("/stamps/1.png", headers=known)
    assert (unchanged.status, await unchanged.read()) == (304, b"")
    await client.patch("/api/cards/1", json={"place": "Porto"})
    changed = await client.get("/stamps/1.png", headers=known)
    assert changed.status == 200
    assert await changed.read() != await before.read()


async def test_an_uploaded_picture_comes_back_as_it_was(ada):
    page = await (await ada.post("/cards/1/picture", data=upload(GIF, "image/gif"))).text()
    assert 'src="/cards/1/picture"' in page
    answer = await ada.get("/cards/1/picture")
    assert (answer.content_type, await answer.read()) == ("image/gif", GIF)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"<svg/>", "image/svg+xml", 415),
        (b"<script>", "image/png", 415),
        (GIF, "image/png", 415),
        (GIF + bytes(40_000), "image/gif", 413),
    ],
)
async def test_what_is_no_picture_or_too_large_is_refused(ada, data, content_type, status):
    answer = await ada.post("/cards/1/picture", data=upload(data, content_type))
    assert answer.status == status
    assert (await ada.get("/cards/1/picture")).status == 404


async def test_a_stranger_attaches_nothing(client):
    answer = await client.post(
        "/cards/1/picture", data=upload(GIF, "image/gif"), allow_redirects=False
    )
    assert (answer.status, answer.headers["Location"]) == (302, "/login?next=/cards/1")
    assert (await client.get("/cards/1/picture")).status == 404
