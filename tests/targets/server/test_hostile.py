"""Clients that mean harm get a 4xx or the door, and one beside them is still served."""

from __future__ import annotations

import re
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from tests.targets.server.running import APP, Server, running

from ferryman.core.aiohttp_version import VERSION

# Requests that two servers in a row might read in two ways: of which one might then see
# a second request in the first one's body.
SMUGGLED = {
    "CL.TE": b"Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG",
    "TE.CL": b"Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n1\r\nZ\r\n0\r\n\r\n",
    "two lengths": b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "two lengths in one": b"Content-Length: 1, 2\r\n\r\nab",
    "signed length": b"Content-Length: +1\r\n\r\na",
    "negative length": b"Content-Length: -1\r\n\r\n",
    "hexadecimal length": b"Content-Length: 0x1\r\n\r\na",
    "obs-fold": b"X-Long: a\r\n b\r\nContent-Length: 0\r\n\r\n",
    "folded coding": b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "space before the colon": b"Content-Length : 0\r\n\r\n",
    "unknown coding": b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "chunked twice": b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked not last": b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "a chunk of no size": b"Transfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n0\r\n\r\n",
    "a negative chunk": b"Transfer-Encoding: chunked\r\n\r\n-1\r\nab\r\n0\r\n\r\n",
    "a chunk longer than said": b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n",
    "a chunk of 2**64": b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\nab\r\n",
    "a zero byte": b"X: a\x00b\r\nContent-Length: 0\r\n\r\n",
    "a bare carriage return": b"X: a\rb\r\nContent-Length: 0\r\n\r\n",
    "an empty name": b": a\r\nContent-Length: 0\r\n\r\n",
}
VICTIM = b"GET /echo?n=smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(
        tmp_path_factory.mktemp("hostile"),
        drain_delay=0,
        graceful_timeout=2,
        header_timeout=1,
        body_timeout=1,
        max_body=10_000,
        max_connections=12_000,
    ) as server:
        yield server
        assert "Traceback" not in server.log.read_text()
        assert len(server.workers()) == 1


def is_well(server: Server) -> bool:
    return server.send(VICTIM.replace(b"smuggled", b"healthy")).endswith(b"healthy")


@pytest.mark.parametrize("name", SMUGGLED)
def test_a_smuggled_request_is_never_answered(server: Server, name: str) -> None:
    head = b"POST /upload HTTP/1.1\r\nHost: x\r\n"
    answer = server.send(head + SMUGGLED[name] + VICTIM)
    assert re.match(rb"HTTP/1\.[01] 4\d\d ", answer), answer
    assert not re.search(rb"HTTP/1\.[01] 2\d\d ", answer)
    assert is_well(server)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /echo?n=%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"a" * 9000), b"414"),
        (b"GET /echo?n=1 HTTP/1.1\r\nHost: x\r\nX: %s\r\n\r\n" % (b"a" * 9000), b"431"),
        (b"GET /echo?n=1 HTTP/1.1\r\n%s: x\r\n\r\n" % (b"A" * 9000), b"431"),
        (
            b"GET /echo?n=1 HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 200 + b"\r\n",
            b"431" if VERSION >= (3, 13) else b"200",  # aiohttp did not count headers before
        ),
        (b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 10001\r\n\r\n", b"413"),
        (
            b"POST /upload HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            + (b"fa0\r\n" + b"a" * 4000 + b"\r\n") * 4
            + b"0\r\n\r\n",
            b"413",
        ),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"400"),
        (b"GET / HTTP/9.9\r\n\r\n", b"400"),
    ],
)
def test_what_is_too_large_or_no_http_is_refused(
    server: Server, request_: bytes, status: bytes
) -> None:
    if status == b"200":
        request_ = request_.replace(b"Host: x", b"Host: x\r\nConnection: close")
    assert server.send(request_)[9:12] == status
    assert is_well(server)


@pytest.mark.parametrize(
    "beginning",
    [
        b"GET /echo?n=1 HTTP/1.1\r\nHost: x\r\n",
        b"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n12345",
    ],
)
def test_a_request_that_does_not_come_to_its_end_is_given_up(
    server: Server, beginning: bytes
) -> None:
    began = time.monotonic()
    assert server.send(beginning).startswith(b"HTTP/1.1 408")
    assert 0.9 < time.monotonic() - began < 5


def test_slowloris_is_given_up_though_it_goes_on_sending(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), 10) as slow:
        slow.sendall(b"GET /echo?n=1 HTTP/1.1\r\n")
        slow.settimeout(0.2)
        deadline = time.monotonic() + 10
        answer = b""
        while not answer and time.monotonic() < deadline:
            slow.sendall(b"X: y\r\n")
            try:
                answer = slow.recv(100)
            except TimeoutError:
                continue
        assert answer.startswith(b"HTTP/1.1 408")


def test_who_connects_and_says_nothing_is_sent_away(tmp_path: Path) -> None:
    with running(tmp_path, keep_alive=1, load_balancer_idle_timeout=0) as server:
        began = time.monotonic()
        assert server.send(b"") == b""
        assert 0.9 < time.monotonic() - began < 5


def test_who_does_not_finish_a_tls_handshake_is_sent_away(tmp_path: Path) -> None:
    issued = trustme.CA().issue_cert("localhost")
    certificate, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    issued.cert_chain_pems[0].write_to_path(certificate)
    issued.private_key_pem.write_to_path(key)
    names = {"certificate": str(certificate), "private_key": str(key)}
    with running(tmp_path, APP, plain=False, header_timeout=1, **names) as server:
        server.wait_until(lambda: not closed(server))
        began = time.monotonic()
        assert server.send(b"\x16\x03\x01") == b""
        assert time.monotonic() - began < 5


def closed(server: Server) -> bool:
    with socket.socket() as probe:
        return bool(probe.connect_ex(("127.0.0.1", server.port)))


def test_ten_thousand_half_open_connections_stop_nobody(server: Server) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(10_000, most - 500)
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    half: list[socket.socket] = []
    try:
        for _ in range(count):
            half.append(socket.create_connection(("127.0.0.1", server.port), 10))
            half[-1].send(b"GET /ec")
            if len(half) % 2000 == 0:
                assert is_well(server)
        assert is_well(server)
        for connection in half:
            assert connection.recv(12) == b"HTTP/1.1 408"
    finally:
        for connection in half:
            connection.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
    assert is_well(server)


BAD_HOSTS = ["x:abc", "x:99999", "x:-1", "::1", "x:80:90", "[::1]x", "a b", "x/y", "x?y", "user@x"]
GOOD_HOSTS = ["x", "x:", "x:80", "[::1]", "[::1]:8000", "a_b.example", "EXAMPLE.com:1", ""]
ASKED = """
from aiohttp import web

async def url(request):
    return web.Response(text=str(request.url))

app = web.Application()
app.router.add_get("/echo", url)
"""


def test_a_host_that_is_none_is_refused_before_the_app_reads_it(tmp_path: Path) -> None:
    with running(tmp_path, ASKED, plain=False) as server:
        server.wait_until(server.is_listening)
        for host in BAD_HOSTS:
            request = f"GET /echo HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            answer = server.send(request.encode())
            assert answer[8:13] == b" 400 ", (host, answer)
        for host in GOOD_HOSTS:
            request = f"GET /echo HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            answer = server.send(request.encode())
            assert answer.startswith(b"HTTP/1.1 200 "), (host, answer)
        twice = "GET /echo HTTP/1.1\r\nHost: x\r\n\r\nGET /echo HTTP/1.1\r\nHost: x:abc\r\n\r\n"
        answer = server.send(twice.encode())
        assert re.findall(rb"HTTP/1.\d (\d+) ", answer) == [b"200", b"400"]
        with socket.create_connection(("127.0.0.1", server.port), 10) as kept:
            for host, status in (("x", b" 200"), ("x", b" 200"), ("x:abc", b" 400")):
                kept.sendall(f"GET /echo HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
                assert kept.recv(12)[8:] == status
                if status == b" 200":
                    while b"http://x/echo" not in kept.recv(4096):
                        pass
        for target in ("http://x:99999/echo", "http://x:abc/echo", "http://[::1/echo"):
            answer = server.send(f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            assert answer[8:13] == b" 400 ", (target, answer)
        assert "Traceback" not in server.log.read_text()
