"""A kept connection to the Runtime API: what it reads, and when it is opened again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from ferryman.targets.lambda_.runtime import runtime_connection as connection
from ferryman.targets.lambda_.runtime.runtime_connection import RuntimeConnection

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nLambda-Runtime-Trace-Id: Root=1\r\n\r\nok"


class Script:
    """A server that answers with bytes as they are written down, and then hangs up."""

    def __init__(self, *answers: list[bytes]) -> None:
        self.address = ""
        self.connections = 0
        self.requests: list[bytes] = []
        self._answers = [*answers]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        for answer in self._answers.pop(0):
            head = await reader.readuntil(b"\r\n\r\n")
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            self.requests.append(head + await reader.readexactly(int(length or 0)))
            writer.write(answer)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def served(script: Script) -> AsyncIterator[RuntimeConnection]:
    server = await asyncio.start_server(script.serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    script.address = f"{host}:{port}"
    made = RuntimeConnection(script.address)
    yield made
    made.close()
    server.close()


@pytest.fixture(autouse=True)
def no_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_DELAYS", (0.0, 0.0))


async def test_requests_share_a_connection() -> None:
    script = Script([OK, OK])
    async with served(script) as opened:
        answer = await opened.ask("GET", "/next")
        await opened.ask("POST", "/answer", {"X-Name": "value"}, b"body")
    assert (answer.status, answer.body) == (200, b"ok")
    assert answer.headers["lambda-runtime-trace-id"] == "Root=1"
    assert script.connections == 1
    assert script.requests == [
        f"GET /next HTTP/1.1\r\nHost: {script.address}\r\n\r\n".encode(),
        f"POST /answer HTTP/1.1\r\nHost: {script.address}\r\nX-Name: value\r\n"
        "Content-Length: 4\r\n\r\nbody".encode(),
    ]


async def test_a_body_in_chunks_is_put_together() -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"5\r\nhello\r\n6;name=value\r\n world\r\n0\r\nX-Trailer: 1\r\n\r\n"
    async with served(Script([chunked + body, OK])) as opened:
        assert (await opened.ask("GET", "/next")).body == b"hello world"
        assert (await opened.ask("GET", "/next")).body == b"ok"


async def test_it_is_opened_again_where_the_api_wants_it_closed() -> None:
    script = Script([b"HTTP/1.1 202 Accepted\r\nConnection: close\r\n\r\n"], [OK])
    async with served(script) as opened:
        assert (await opened.ask("POST", "/answer")).status == 202
        assert (await opened.ask("GET", "/next")).body == b"ok"
    assert script.connections == 2


@pytest.mark.parametrize(
    "broken",
    [b"", b"HTTP/1.1 200 OK\r\nContent-Le", OK[:-1], b"no HTTP at all\r\n\r\n", b"\r\n\r\n"],
)
@pytest.mark.parametrize("way", ["ask", "insist"])
async def test_after_an_answer_that_broke_off_it_begins_anew(broken: bytes, way: str) -> None:
    script = Script([broken], [OK])
    async with served(script) as opened:
        if way == "ask":
            with pytest.raises((OSError, EOFError, ValueError)):
                await opened.ask("GET", "/next")
        answer = await opened.insist("GET", "/next")
    assert answer is not None
    assert answer.body == b"ok"
    assert script.connections == 2


async def test_an_answer_that_was_not_waited_for_is_not_the_next_ones() -> None:
    late = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET /late"):
            await late.wait()
        writer.write(OK.replace(b"ok", b"no" if b"/late" in head else b"ok"))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    opened = RuntimeConnection("127.0.0.1:{1}".format(*server.sockets[0].getsockname()))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(opened.ask("GET", "/late"), 0.05)
    late.set()
    assert (await opened.ask("GET", "/next")).body == b"ok"
    opened.close()
    server.close()


@pytest.mark.parametrize(
    ("statuses", "asked", "answered"),
    [
        ([500, 503, 200], 3, True),
        ([500, 500, 500], 3, False),
        ([403], 1, False),
        ([500, 413], 2, False),
    ],
)
async def test_a_failure_is_tried_again_and_a_refusal_is_not(
    statuses: list[int], asked: int, answered: bool, caplog: pytest.LogCaptureFixture
) -> None:
    answers = [b"HTTP/1.1 %d Status\r\nContent-Length: 2\r\n\r\nno" % code for code in statuses]
    script = Script(answers)
    async with served(script) as opened:
        answer = await opened.insist("POST", "/answer")
    assert (answer is not None) is answered
    assert len(script.requests) == asked
    assert "POST /answer: " in caplog.text


async def test_an_api_that_cannot_be_reached_is_no_answer(
    unused_tcp_port_factory: Callable[[], int], caplog: pytest.LogCaptureFixture
) -> None:
    opened = RuntimeConnection(f"127.0.0.1:{unused_tcp_port_factory()}")
    assert await opened.insist("GET", "/next") is None
    assert caplog.text.count("ConnectionRefusedError") == 3
