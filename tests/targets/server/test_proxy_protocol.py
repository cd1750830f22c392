"""A load balancer tells of a connection's client before the first request."""

from __future__ import annotations

import json
import socket
import ssl
import struct
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import trustme
from tests.targets.server.fronts import PAGE, documented, in_front
from tests.targets.server.running import Server, running

from ferryman.core.errors import ConfigError
from ferryman.targets.server.runtime.options import ServerSettings
from ferryman.targets.server.runtime.proxy_protocol import BadHeader, Header, parse

APP = """
import os, time
from aiohttp import web

async def whoami(request):
    if request.query.get("n"):
        time.sleep(0.02)
    told = [request.remote, request.scheme, os.getpid()]
    return web.json_response(told)

app = web.Application()
app.router.add_get("/{tail:.*}", whoami)
"""

TRUST: dict[str, Any] = {"trusted_proxies": ["127.0.0.1"], "proxy_protocol": True}
SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def binary(source: str, port: int, *, command: int = 0x21, more: bytes = b"") -> bytes:
    address = ip_address(source).packed
    kind = 0x11 if len(address) == 4 else 0x21
    body = address * 2 + struct.pack("!HH", port, 80) + more
    return SIGNATURE + bytes([command, kind]) + struct.pack("!H", len(body)) + body


@pytest.mark.parametrize(
    ("data", "peer"),
    [
        (b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\r\n", ("192.0.2.7", 4711)),
        (b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 80\r\n", ("2001:db8::7", 4711)),
        (b"PROXY UNKNOWN\r\n", None),
        (b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n", None),
        (binary("192.0.2.7", 4711), ("192.0.2.7", 4711)),
        (binary("2001:db8::7", 4711), ("2001:db8::7", 4711)),
        (binary("::ffff:192.0.2.7", 4711), ("192.0.2.7", 4711)),
        # What an NLB adds: the endpoint of a VPC, and a checksum.
        (binary("192.0.2.7", 1, more=b"\xea\x00\x05\x01vpce" + bytes(300)), ("192.0.2.7", 1)),
        (binary("192.0.2.7", 4711, command=0x20), None),
        (SIGNATURE + b"\x21\x00\x00\x00", None),
        (SIGNATURE + b"\x20\x00\x00\x00", None),
    ],
)
def test_a_header_is_read_to_its_end_and_not_beyond(
    data: bytes, peer: tuple[str, int] | None
) -> None:
    assert parse(data) == Header(len(data), peer)
    assert parse(data + b"GET / HTTP/1.1\r\n\r\n") == Header(len(data), peer)
    for end in range(1, len(data)):
        assert parse(data[:end]) is None


@pytest.mark.parametrize(
    "data",
    [
        *(b"GET / HTTP/1.1\r\n", b"PROXX", b"\r\n\r\nGET", b"\x16\x03\x01"),
        *(b"PROXY TCP4 192.0.2.7 10.0.0.1 4711\r\n", b"PROXY TCP5 192.0.2.7 10.0.0.1 1 2\r\n"),
        *(b"PROXY TCP4 2001:db8::7 10.0.0.1 1 2\r\n", b"PROXY TCP4 1.2.3 10.0.0.1 1 2\r\n"),
        *(b"PROXY TCP4 192.0.2.7 10.0.0.1 99999 2\r\n", b"PROXY TCP4 192.0.2.7 10.0.0.1 -1 2\r\n"),
        *(b"PROXY " + b"x" * 200, b"PROXY \xff\xfe\r\n"),
        *(SIGNATURE + b"\x31\x11\x00\x0c" + bytes(12), SIGNATURE + b"\x22\x11\x00\x0c" + bytes(12)),
        *(SIGNATURE + b"\x21\x11\x00\x04" + bytes(4), SIGNATURE + b"\x21\x11\xff\xff"),
    ],
)
def test_what_is_no_header_is_refused(data: bytes) -> None:
    with pytest.raises(BadHeader):
        parse(data)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running(tmp_path_factory.mktemp("s"), APP, plain=False, workers=2, **TRUST) as server:
        server.wait_until(lambda: told(server, binary("192.0.2.1", 1)) is not None)
        yield server


def send(server: Server, *parts: bytes, source: str = "127.0.0.1") -> bytes:
    answer = b""
    try:
        with socket.create_connection(
            ("127.0.0.1", server.port), 10, source_address=(source, 0)
        ) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for part in parts:
                client.sendall(part)
            while piece := client.recv(65536):
                answer += piece
    except OSError:
        pass
    return answer


def told(server: Server, header: bytes) -> Any:
    answer = send(server, header + GET)
    return json.loads(answer.rpartition(b"\r\n\r\n")[2]) if b" 200 " in answer[:16] else None


def test_the_client_is_the_one_that_the_header_tells(server: Server) -> None:
    assert told(server, b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\r\n")[0] == "192.0.2.7"
    assert told(server, binary("2001:db8::7", 4711))[0] == "2001:db8::7"
    assert told(server, SIGNATURE + b"\x20\x00\x00\x00")[0] == "127.0.0.1"


def test_a_header_may_come_in_pieces(server: Server) -> None:
    data = binary("192.0.2.7", 1) + GET
    answer = send(server, *(data[n : n + 3] for n in range(0, len(data), 3)))
    assert b"192.0.2.7" in answer


def test_who_is_not_trusted_sends_none(server: Server) -> None:
    header = b"PROXY TCP4 192.0.2.7 10.0.0.1 4711 80\r\n"
    assert b" 400 " in send(server, header + GET, source="127.0.0.2")[:16]
    assert b"127.0.0.2" in send(server, GET, source="127.0.0.2")


def test_a_trusted_proxy_without_a_header_is_turned_away(server: Server) -> None:
    assert send(server, GET) == b""
    assert "does not begin with a PROXY header" in server.log.read_text()


def test_the_client_stays_the_same_whichever_worker_answers(server: Server) -> None:
    """Pass connections from worker to worker, by stalling the workers' loops."""
    clients = [socket.create_connection(("127.0.0.1", server.port), 10) for _ in range(6)]
    seen: set[int] = set()
    for n, client in enumerate(clients):
        client.sendall(binary(f"192.0.2.{n}", n + 1))
    for turn in range(80):
        if turn >= 8 and len(seen) == 2:
            break  # on a busy machine, one worker may answer for a while
        for client in clients:
            client.sendall(b"GET /?n=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        for n, client in enumerate(clients):
            answer = client.recv(65536)
            remote, _, pid = json.loads(answer.rpartition(b"\r\n\r\n")[2])
            assert remote == f"192.0.2.{n}"
            seen.add(pid)
    for client in clients:
        client.close()
    assert len(seen) == 2


def test_a_header_comes_before_tls(tmp_path: Path) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(str(tmp_path / "chain.pem"))
    issued.private_key_pem.write_to_path(str(tmp_path / "key.pem"))
    names = {"certificate": str(tmp_path / "chain.pem"), "private_key": str(tmp_path / "key.pem")}
    trust = ssl.create_default_context()
    authority.configure_trust(trust)

    def ask(server: Server) -> bytes:
        with socket.create_connection(("127.0.0.1", server.port), 10) as plain:
            plain.sendall(binary("192.0.2.7", 1))
            with trust.wrap_socket(plain, server_hostname="localhost") as client:
                client.sendall(GET)
                answer = b""
                while piece := client.recv(65536):
                    answer += piece
                return answer

    with running(tmp_path / "s", APP, plain=False, **TRUST, **names) as server:
        server.wait_until(lambda: b"PROXY" not in send(server, b"x") and listens(server))
        assert b'["192.0.2.7", "https"' in ask(server)


def listens(server: Server) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", server.port)) == 0


@pytest.mark.parametrize("version", ["send-proxy", "send-proxy-v2"])
def test_haproxy_sends_it(server: Server, tmp_path: Path, version: str) -> None:
    text = documented("haproxy", PAGE, 1).replace("send-proxy-v2", version)
    source = ("127.0.0.3", 0)
    with (
        in_front("haproxy", tmp_path / "front", server.port, text) as port,
        socket.create_connection(("127.0.0.1", port), 10, source) as client,
    ):
        client.sendall(GET)
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    assert b'["127.0.0.3", "http"' in answer


@pytest.mark.parametrize(
    ("options", "says"),
    [({"proxy_protocol": True}, "trusted_proxies"), ({"proxy_protocol": 1}, "proxy_protocol")],
)
def test_what_makes_no_sense_is_refused(options: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError) as refused:
        ServerSettings.read(options)
    assert says in f"{refused.value} {refused.value.hint}"
