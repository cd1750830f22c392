"""What there is no room for is answered by another release, whole, and never twice."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials as BotoCredentials  # type: ignore[import-untyped]
from scripts.ports import free_port
from tests.targets.server.running import Server, running
from yarl import URL

from ferryman.core.aws.signing import Credentials, Scope, sign
from ferryman.core.errors import ConfigError
from ferryman.targets.server.runtime.options import ServerSettings
from ferryman.targets.server.runtime.overflow.breaker import Breaker, ShareCap
from ferryman.targets.server.runtime.overflow.forwarder import check_credentials
from ferryman.targets.server.runtime.overflow.signed_hosts import signing_scope

# The same app on both sides; `busy` keeps the only place of the small one.
APP = """
import asyncio, os
from aiohttp import web
from ferryman.core.context import current_context

async def busy(request):
    await asyncio.sleep(float(request.query["for"]))
    return web.Response(text="busy")

async def echo(request):
    body = await request.read()
    answer = {
        "pid": os.getpid(), "method": request.method, "path": request.raw_path,
        "headers": [[n, v] for n, v in request.headers.items()], "body": body.decode("latin-1"),
        "told": [request.remote, request.scheme, request.host],
        "id": current_context.get().request_id,
    }
    response = web.json_response(answer, status=int(request.headers.get("Status", 200)))
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    return response

async def stream(request):
    response = web.StreamResponse()
    await response.prepare(request)
    async for piece in request.content.iter_any():
        await response.write(piece)
    return response

app = web.Application(client_max_size=2**26)
app.router.add_get("/busy", busy)
app.router.add_post("/stream", stream)
app.router.add_route("*", "/{tail:.*}", echo)
"""

TRUST: dict[str, Any] = {
    "trusted_proxies": ["127.0.0.1"],
    "proxy": ["X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Request-Id"],
}


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Server]]:
    """Return a small server, and the large one that its overflow goes to."""
    root = tmp_path_factory.mktemp("overflow")
    with running(root / "large", APP, **TRUST) as large:
        options: dict[str, Any] = {
            "max_in_flight": 1,
            "handler_cancellation": True,  # or the end would wait for those kept busy
            "overflow": f"http://127.0.0.1:{large.port}",
            "overflow_share": 1.0,
            "admin_bind": f"127.0.0.1:{free_port()}",
        }
        with running(root / "small", APP, **options) as small:
            yield small, large


@asynccontextmanager
async def kept_busy(server: Server, seconds: float = 20) -> AsyncIterator[None]:
    _, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(f"GET /busy?for={seconds} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    await asyncio.sleep(0.3)
    try:
        yield
    finally:
        writer.close()


async def exchange(port: int, data: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
    """Return what is answered to bytes: the status, the headers and what follows them."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    async with asyncio.timeout(20):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    line, *lines = head.decode().split("\r\n")
    pairs = [tuple(each.split(": ", 1)) for each in lines]
    return int(line.split()[1]), pairs, body  # type: ignore[return-value]


def request(method: str, target: str, *headers: str, body: bytes = b"") -> bytes:
    lines = "".join(f"{header}\r\n" for header in headers)
    head = f"{method} {target} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n{lines}\r\n"
    return head.encode() + body


async def test_a_request_arrives_whole_and_so_does_its_answer(
    servers: tuple[Server, Server],
) -> None:
    small, large = servers
    target = "/a%2Fb/%C3%A9//c/../d?q=a%20b&q=&x=%2f"
    sent = request(
        *("PUT", target, "Content-Length: 5", "Cookie: s=1", "Authorization: Basic eA==", "A: 1"),
        *("A: 2", "X-Request-Id: made-up", "Keep-Alive: 5", "X-Hop: 1", "Connection: X-Hop"),
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        *("Accept-Encoding: gzip", "Status: 201"),
        body=b"hello",
    )
    async with kept_busy(small):
        status, headers, body = await exchange(small.port, sent)
    told = json.loads(body)
    assert status == 201
    assert told["pid"] in large.workers()
    assert (told["method"], told["path"], told["body"]) == ("PUT", target, "hello")
    assert told["told"] == ["127.0.0.1", "http", "shop.example"]
    got = [(name.lower(), value) for name, value in told["headers"]]
    assert [value for name, value in got if name == "a"] == ["1", "2"]
    assert ("authorization", "Basic eA==") in got
    assert ("cookie", "s=1") in got
    assert ("content-length", "5") in got
    assert ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") in got
    assert not {"x-hop", "keep-alive", "user-agent", "accept"} & {name for name, _ in got}
    # The id is the one that the first server has given it.
    assert told["id"] == dict(got)["x-request-id"] != "made-up"
    assert [value for name, value in headers if name == "Set-Cookie"] == [
        "a=1; Path=/",
        "b=2; Path=/",
    ]


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS"])
async def test_methods_without_a_body(servers: tuple[Server, Server], method: str) -> None:
    small, _ = servers
    async with kept_busy(small):
        status, headers, body = await exchange(small.port, request(method, "/x"))
    assert status == 200
    assert bool(body) is (method != "HEAD")
    assert dict(headers)["Content-Type"].startswith("application/json")


async def test_a_body_that_came_packed_is_read_as_the_first_server_would(
    servers: tuple[Server, Server],
) -> None:
    small, _ = servers
    packed = gzip.compress(b"hello")
    sent = request(
        "POST", "/x", "Content-Encoding: gzip", f"Content-Length: {len(packed)}", body=packed
    )
    async with kept_busy(small):
        _, _, body = await exchange(small.port, sent)
    assert json.loads(body)["body"] == "hello"


async def test_body_and_answer_are_streamed_both_ways(servers: tuple[Server, Server]) -> None:
    small, _ = servers
    async with kept_busy(small):
        reader, writer = await asyncio.open_connection("127.0.0.1", small.port)
        headers = ("Transfer-Encoding: chunked", "Expect: 100-continue")
        writer.write(request("POST", "/stream", *headers))
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        for piece in (b"first", b"other"):
            writer.write(b"5\r\n" + piece + b"\r\n")
            async with asyncio.timeout(5):
                assert piece in await reader.readuntil(piece)
        writer.write(b"0\r\n\r\n")
        assert (await reader.read()).endswith(b"0\r\n\r\n")
        writer.close()


async def test_what_was_forwarded_once_is_not_forwarded_again(
    servers: tuple[Server, Server],
) -> None:
    small, _ = servers
    async with kept_busy(small):
        status, headers, _ = await exchange(
            small.port, request("GET", "/x", "Ferryman-Overflow: 1")
        )
    assert (status, dict(headers)["Retry-After"]) == (503, "1")


async def test_two_servers_that_forward_to_each_other_do_not_go_round(tmp_path: Path) -> None:
    ports = [free_port(), free_port()]

    def options(own: int, other: int) -> dict[str, Any]:
        return {
            "bind": f"127.0.0.1:{own}",
            "max_in_flight": 1,
            "handler_cancellation": True,  # or the end would wait for those kept busy
            "overflow": f"http://127.0.0.1:{other}",
            "access_log": True,
            "log_format": "json",
        }

    with (
        running(tmp_path / "a", APP, plain=False, **options(*ports)) as one,
        running(tmp_path / "b", APP, plain=False, **options(*reversed(ports))) as two,
    ):
        one.port, two.port = ports
        one.wait_until(one.is_listening)
        two.wait_until(two.is_listening)
        async with kept_busy(one), kept_busy(two):
            status, _, _ = await exchange(one.port, request("POST", "/x", "Content-Length: 0"))
            assert status == 503
        # The access log is written beside the answers, and not before them.
        one.wait_until(lambda: '"path": "/x"' in one.log.read_text())
        two.wait_until(lambda: '"path": "/x"' in two.log.read_text())
        assert two.log.read_text().count('"path": "/x"') == 1


class Other:
    """Another side that fails as a test wants it to, and counts what it has seen."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.behave = "answer"
        self.writers: list[asyncio.StreamWriter] = []

    async def __aenter__(self) -> Other:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()
        for writer in self.writers:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.seen.append(head.split()[0])
        if self.behave == "hang":
            await reader.read()  # until the server gives up
        if self.behave == "answer":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        if self.behave == "throttle":
            writer.write(b"HTTP/1.1 429 Too Many\r\nContent-Length: 0\r\n\r\n")
        if self.behave == "break":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
            await writer.drain()
        writer.close()


async def test_the_other_side_may_fail_in_any_way(tmp_path: Path) -> None:
    post = request("POST", "/x", "Content-Length: 2", body=b"{}")
    async with Other() as other:
        options: dict[str, Any] = {
            "max_in_flight": 1,
            "handler_cancellation": True,  # or the end would wait for those kept busy
            "overflow": f"http://127.0.0.1:{other.port}",
            "overflow_timeout": 0.5,
            "overflow_share": 1.0,
        }
        with running(tmp_path, APP, **options) as server:
            async with kept_busy(server):
                other.behave = "drop"
                assert (await exchange(server.port, post))[0] == 502
                assert other.seen == ["POST"]
                assert (await exchange(server.port, request("GET", "/x")))[0] == 502
                assert other.seen == ["POST", "GET", "GET"]
                other.behave = "hang"
                assert (await exchange(server.port, post))[0] == 504
                other.behave = "break"
                status, headers, body = await exchange(server.port, post)
                assert (status, dict(headers)["Content-Length"], body) == (200, "9", b"half")
                other.behave = "throttle"
                for _ in range(8):
                    await exchange(server.port, post)
                seen = len(other.seen)
                assert seen < 11  # the other side has been left alone
                assert (await exchange(server.port, post))[0] == 503
                assert len(other.seen) == seen
                server.wait_until(lambda: "is left alone for a while" in server.log.read_text())
                other.behave = "answer"
                async with asyncio.timeout(10):
                    while (await exchange(server.port, post))[0] != 200:
                        await asyncio.sleep(0.1)
                server.wait_until(lambda: "answers again" in server.log.read_text())
                other.server.close()
                assert (await exchange(server.port, post))[0] == 503


KEY = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "a/token==")


@pytest.mark.parametrize("body", [b"", b'{"a": 1}'])
@pytest.mark.parametrize(
    "target",
    [
        *("/", "/a/b", "/a/b/", "/a%2Fb/%C3%A9", "/a//b", "/a/../b/./c", "/~x/-_.!*'()@:$&,;="),
        *("/?b=2&a=1", "/?a=2&a=1", "/?a", "/?a=&b", "/?a=%20b&x=%2F", "/?a=b=c", "/?%C3%A9=1"),
    ],
)
def test_a_signature_is_the_one_that_botocore_makes(
    target: str, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = URL(f"https://abc123.lambda-url.eu-west-1.on.aws{target}", encoded=True)
    now = datetime(2026, 11, 29, 9, 5, 4, tzinfo=UTC)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: now)
    ours = sign(KEY, Scope("lambda", "eu-west-1"), "POST", url, body, now)
    asked = AWSRequest("POST", str(url), data=body)
    asked.headers["X-Amz-Content-Sha256"] = ours["X-Amz-Content-Sha256"]
    theirs = SigV4Auth(BotoCredentials(*KEY), "lambda", "eu-west-1")
    theirs.add_auth(asked)
    assert dict(asked.headers)["Authorization"] == ours["Authorization"]


@pytest.mark.parametrize(
    ("address", "scope"),
    [
        ("https://abc123.lambda-url.eu-west-1.on.aws/", Scope("lambda", "eu-west-1")),
        ("https://a1.execute-api.us-east-1.amazonaws.com/x", Scope("execute-api", "us-east-1")),
        ("https://example.org", None),
        ("https://lambda-url.eu-west-1.on.aws.example.org", None),
    ],
)
def test_what_goes_to_aws_is_signed(address: str, scope: Scope | None) -> None:
    assert signing_scope(URL(address)) == scope


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"overflow": "https://example.org"}, "max_in_flight"),
        ({"overflow": "example.org", "max_in_flight": 1}, "write the address"),
        ({"overflow": "ftp://example.org", "max_in_flight": 1}, "write the address"),
        ({"overflow": "https://a:b@example.org", "max_in_flight": 1}, "write the address"),
        ({"overflow": "https://example.org/?a", "max_in_flight": 1}, "write the address"),
        ({"overflow": "https://example.org:x", "max_in_flight": 1}, "write the address"),
        ({"overflow": "", "max_in_flight": 1}, "write the address"),
        ({"overflow": "http://localhost:8000", "max_in_flight": 1}, "this server itself"),
        ({"overflow": "http://127.0.0.1:8000", "max_in_flight": 1}, "this server itself"),
        ({"overflow": "http://[::1]:8000/a", "max_in_flight": 1}, "this server itself"),
        ({"overflow_share": 1.5}, "overflow_share"),
        ({"overflow_share": 0}, "above 0"),
        ({"overflow_timeout": -1}, "overflow_timeout"),
        ({"overflow_signed": "yes"}, "overflow_signed"),
        ({"write_timeout": 0}, "above 0"),
        ({"share_connections": 2}, "share_connections"),
    ],
)
def test_what_makes_no_sense_is_refused(options: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        ServerSettings.read(options)
    assert says in f"{refused.value} {refused.value.hint}"


def test_credentials_must_be_there_for_what_is_signed() -> None:
    url = "https://abc123.lambda-url.eu-west-1.on.aws/"
    options: dict[str, object] = {"overflow": url, "max_in_flight": 1}
    settings = ServerSettings.read(options)
    with pytest.raises(ConfigError, match="no credentials"):
        check_credentials(settings, {})
    check_credentials(settings, {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"})
    check_credentials(ServerSettings.read({**options, "overflow_signed": False}), {})


def test_the_other_side_is_left_alone_longer_each_time() -> None:
    now = [0.0]
    breaker = Breaker(lambda: now[0])
    for _ in range(4):
        assert not breaker.failed()
    assert breaker.failed()
    assert not breaker.allows()
    now[0] = 1.1
    assert breaker.allows()
    assert not breaker.allows()  # one finds out for all
    assert not breaker.failed()  # which is no news
    now[0] = 2.9
    assert not breaker.allows()
    now[0] = 3.2
    assert breaker.allows()
    assert breaker.succeeded()
    assert breaker.allows()


def test_no_more_than_a_share_goes_to_the_other_side() -> None:
    now = [0.0]
    cap = ShareCap(0.5, lambda: now[0])
    sent = 0
    for n in range(4000):
        now[0] = n / 100
        cap.saw()
        sent += cap.allows()
    assert 1900 <= sent <= 2000 + 20
    now[0] = 100
    cap.saw()
    assert cap.allows()
