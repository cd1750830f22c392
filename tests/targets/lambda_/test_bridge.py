"""The bridge: what aiohttp does over a connection, it does in process."""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from aiohttp import web

from ferryman.core.aiohttp_version import VERSION
from ferryman.core.lifecycle import start_app
from ferryman.targets.lambda_.runtime.bridge import Bridge
from ferryman.targets.lambda_.runtime.memory_connection import SETTINGS, MemoryBridge
from ferryman.targets.lambda_.runtime.messages import HttpRequest, HttpResponse

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Respond = Callable[..., Awaitable[HttpResponse]]

# Ours, or what is left where aiohttp refused it while it wrote the head.
REFUSED = (ValueError, ConnectionResetError)


@pytest.fixture(params=[Bridge, MemoryBridge])
async def respond(request: pytest.FixtureRequest) -> AsyncIterator[Respond]:
    """Send one request to an app that is a single handler, by each bridge."""
    make_bridge = request.param
    settings = SETTINGS if make_bridge is MemoryBridge else {}
    runners: list[web.AppRunner] = []

    async def send(
        handler: Handler,
        method: str = "GET",
        body: bytes = b"",
        headers: tuple[tuple[str, str], ...] = (),
        target: str = "/",
        client_max_size: int = 1024**2,
        handler_args: dict[str, object] | None = None,
    ) -> HttpResponse:
        app = web.Application(client_max_size=client_max_size, handler_args=handler_args)
        app.router.add_route("*", "/{tail:.*}", handler)
        runner = await start_app(app, shutdown_timeout=1, **settings)
        runners.append(runner)
        request = HttpRequest(method, target, headers, body, "https", "203.0.113.7")
        bridge: Bridge | MemoryBridge = make_bridge(runner, asyncio.get_running_loop())
        return await bridge.respond(request)

    yield send
    for runner in runners:
        await runner.cleanup()


def headers_of(response: HttpResponse) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers}


async def test_a_file_arrives_whole(respond: Respond, tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    path.write_bytes(bytes(range(256)) * 4000)

    async def answer(_: web.Request) -> web.FileResponse:
        return web.FileResponse(path)

    response = await respond(answer)
    assert response.status == 200
    assert response.body == path.read_bytes()


async def test_a_range_of_a_file(respond: Respond, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"0123456789")

    async def answer(_: web.Request) -> web.FileResponse:
        return web.FileResponse(path)

    response = await respond(answer, headers=(("Range", "bytes=2-4"),))
    assert (response.status, response.body) == (206, b"234")
    assert headers_of(response)["content-range"] == "bytes 2-4/10"


async def test_a_streamed_answer_is_joined_without_its_framing(respond: Respond) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for part in (b"one ", b"two ", b"three"):
            await response.write(part)
            await asyncio.sleep(0)
        await response.write_eof()
        return response

    response = await respond(answer)
    assert response.body == b"one two three"
    assert "transfer-encoding" not in headers_of(response)


async def test_compression_is_aiohttps_own(respond: Respond) -> None:
    async def answer(_: web.Request) -> web.Response:
        response = web.Response(text="x" * 5000)
        response.enable_compression()
        return response

    response = await respond(answer, headers=(("Accept-Encoding", "gzip"),))
    assert headers_of(response)["content-encoding"] == "gzip"
    assert gzip.decompress(response.body) == b"x" * 5000


async def test_head_says_the_length_and_sends_nothing(respond: Respond) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="twelve bytes")

    response = await respond(answer, method="HEAD")
    assert response.body == b""
    assert headers_of(response)["content-length"] == "12"


async def test_a_head_whose_handler_writes_sends_nothing(respond: Respond) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"not for HEAD")
        await response.write_eof()
        return response

    assert (await respond(answer, method="HEAD")).body == b""


@pytest.mark.parametrize("status", [204, 304])
async def test_statuses_without_a_body(respond: Respond, status: int) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status)

    response = await respond(answer)
    assert (response.status, response.body) == (status, b"")


async def test_an_interim_answer_is_no_part_of_the_body(respond: Respond) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=await request.read())

    expecting = (("Expect", "100-continue"),)
    response = await respond(answer, method="POST", body=b"sent", headers=expecting)
    assert (response.status, response.body) == (200, b"sent")


async def test_the_length_is_that_of_the_body_that_came(respond: Respond) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.content_length} {request.headers}")

    lies = (("Content-Length", "99"), ("Transfer-Encoding", "chunked"))
    response = await respond(answer, method="POST", body=b"four", headers=lies)
    assert response.body.startswith(b"4 ")
    assert b"chunked" not in response.body


@pytest.mark.parametrize("size", [1, 1000, 3_000_000])
async def test_a_compressed_body_is_unpacked(respond: Respond, size: int) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    packed = gzip.compress(b"x" * size)
    coding = (("Content-Encoding", "gzip"),)
    response = await respond(answer, "POST", packed, coding, client_max_size=4_000_000)
    assert response.body == str(size).encode()


async def test_a_body_that_is_not_what_its_coding_says(respond: Respond) -> None:
    async def answer(request: web.Request) -> web.Response:
        try:
            await request.read()
        except web.RequestPayloadError:
            raise web.HTTPBadRequest from None
        return web.Response()

    response = await respond(answer, "POST", b"plain", (("Content-Encoding", "gzip"),))
    assert response.status == 400


async def test_a_bomb_is_not_unpacked_beyond_what_the_app_takes(
    respond: Respond, monkeypatch: pytest.MonkeyPatch
) -> None:
    from aiohttp.streams import StreamReader

    unpacked = 0
    feed = StreamReader.feed_data

    def count(self: StreamReader, data: bytes, size: int = 0) -> bool:
        nonlocal unpacked
        unpacked += len(data)
        return feed(self, data, size)

    monkeypatch.setattr(StreamReader, "feed_data", count)

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(200)) + packer.flush()
    response = await respond(
        answer, "POST", bomb, (("Content-Encoding", "gzip"),), client_max_size=100_000
    )
    assert response.status == 413
    assert unpacked < 2_000_000


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: evil=1", "a\nb", "a\0b"])
async def test_a_header_cannot_be_split(respond: Respond, value: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(headers={"X-Name": value})

    with pytest.raises(REFUSED):
        await respond(answer)


async def test_a_handler_may_limit_its_own_time(respond: Respond) -> None:
    async def answer(_: web.Request) -> web.Response:
        async with asyncio.timeout(5):
            await asyncio.sleep(0)
        return web.Response(text="in time")

    assert (await respond(answer)).body == b"in time"


async def test_a_timeout_in_the_handler_is_a_504(respond: Respond) -> None:
    async def answer(_: web.Request) -> web.Response:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(60)
        return web.Response()

    assert (await respond(answer)).status == 504


async def test_a_websocket_is_refused_in_order(respond: Respond) -> None:
    async def answer(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        return socket

    assert (await respond(answer)).status == 400


async def test_raw_headers_and_repeats_reach_the_app(respond: Respond) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(
            [request.headers.getall("X-A"), [name.decode() for name, _ in request.raw_headers][:2]]
        )

    response = await respond(answer, headers=(("X-A", "1"), ("x-a", "2")))
    assert response.body == b'[["1", "2"], ["X-A", "x-a"]]'


async def test_the_apps_own_settings_of_the_server_hold(respond: Respond) -> None:
    packed = gzip.compress(b"text" * 100)

    async def measure(request: web.Request) -> web.Response:
        return web.Response(text=str(len(await request.read())))

    coded = (("content-encoding", "gzip"),)
    settings = {"auto_decompress": False}
    response = await respond(measure, "POST", packed, coded, handler_args=settings)
    assert response.body == str(len(packed)).encode()


@pytest.mark.parametrize("name", ["x-a", "x-a\r\nx-b", "x\x01"])
@pytest.mark.parametrize("value", ["1\r\nset-cookie: a=b", "1\0", "1\x0b", "\x7f"])
async def test_no_control_character_goes_out_in_a_header(
    respond: Respond, name: str, value: str
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(headers={name: value})

    with pytest.raises(REFUSED):
        await respond(answer)


async def test_what_is_changed_after_the_head_has_gone_out_is_not_sent(respond: Respond) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"x-a": "before"})
        await response.prepare(request)
        response.headers["x-a"] = "after"
        await response.write_eof()
        return response

    assert headers_of(await respond(answer))["x-a"] == "before"


async def test_a_health_check_without_host_has_the_host_that_a_server_gives(
    respond: Respond,
) -> None:
    # https://docs.aws.amazon.com/lambda/latest/dg/services-alb.html: health checks send none.
    async def answer(request: web.Request) -> web.Response:
        return web.Response(text=f"{request.url.origin()} {request.host}")

    # From aiohttp 3.14 on a server gives its address, before that its name.
    host = (await respond(answer)).body.decode().partition(" ")[2]
    assert host == "127.0.0.1" or (VERSION < (3, 14) and host == socket.getfqdn())
    with_host = await respond(answer, headers=(("host", "example.org"),))
    assert with_host.body == b"https://example.org example.org"
