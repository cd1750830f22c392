"""Behind real proxies, set as the documentation says, no client passes for another."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from typing import Any

import pytest
from tests.targets.server.fronts import FRONTS, in_front
from tests.targets.server.running import Server, running

APP = """
from aiohttp import web

async def whoami(request):
    return web.json_response({
        "told": [request.remote, request.scheme, request.host],
        "url": str(request.url),
        "headers": {name.lower(): value for name, value in request.headers.items()},
    })

app = web.Application()
app.router.add_get("/{tail:.*}", whoami)
"""

FORGED = {
    "Forwarded": "for=6.6.6.6;proto=https;host=evil.example",
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Ssl": "on",
    "X-Forwarded-Server": "evil.example",
    "X-Real-IP": "6.6.6.6",
    "True-Client-IP": "6.6.6.6",
    "CloudFront-Forwarded-Proto": "https",
    "X-Original-URL": "/evil",
    "X-Scheme": "https",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    # What Envoy's kind and the page's list for HAProxy hold is in nginx's.
    trust: dict[str, Any] = {"trusted_proxies": ["127.0.0.1"], "proxy": "nginx"}
    with running(tmp_path_factory.mktemp("server"), APP, **trust) as server:
        yield server


@pytest.fixture(scope="module", params=FRONTS)
def behind(
    request: pytest.FixtureRequest, server: Server, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[int]:
    place = tmp_path_factory.mktemp(request.param) / "front"
    with in_front(request.param, place, server.port) as port:
        yield port


def exchange(port: int, target: str, headers: dict[str, str]) -> bytes:
    """Return what a client is answered whose address, 127.0.0.2, is trusted by nobody."""
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    source = ("127.0.0.2", 0)
    with socket.create_connection(("127.0.0.1", port), 10, source_address=source) as client:
        client.sendall(f"GET {target} HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode())
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    return answer


def ask(port: int, target: str, headers: dict[str, str]) -> Any:
    """Return what the app was told."""
    answer = exchange(port, target, headers)
    assert answer.startswith(b"HTTP/1.1 200"), answer
    text = answer.decode()
    return json.loads(text[text.index("{") : text.rindex("}") + 1])


def test_the_client_is_who_it_is(behind: int) -> None:
    found = ask(behind, "/a?b=1", {"Host": "shop.example"})
    assert found["told"] == ["127.0.0.2", "http", "shop.example"]
    assert found["url"] == "http://shop.example/a?b=1"


def test_no_header_makes_a_client_pass_for_another(behind: int) -> None:
    found = ask(behind, "/a", {"Host": "shop.example", **FORGED})
    assert found["told"] == ["127.0.0.2", "http", "shop.example"]
    assert found["url"] == "http://shop.example/a"
    left = {name for name in found["headers"] if name in {each.lower() for each in FORGED}}
    assert left <= {"x-forwarded-for", "x-forwarded-proto"}
    assert found["headers"]["x-forwarded-proto"] == "http"


@pytest.mark.parametrize("name", list(FORGED))
def test_nor_does_any_one_of_them(behind: int, name: str) -> None:
    found = ask(behind, "/a", {"Host": "shop.example", name: FORGED[name]})
    assert found["told"] == ["127.0.0.2", "http", "shop.example"]


def test_a_target_with_a_scheme_is_no_way_round(behind: int) -> None:
    target, headers = "https://shop.example/a?b=1", {"Host": "shop.example"}
    if exchange(behind, target, headers).startswith(b"HTTP/1.1 403"):
        return  # Envoy lets no scheme in that is not the connection's
    found = ask(behind, target, headers)
    assert found["told"] == ["127.0.0.2", "http", "shop.example"]
    assert found["url"] == "http://shop.example/a?b=1"


def test_who_comes_past_the_proxy_is_not_believed(server: Server) -> None:
    found = ask(server.port, "/a", {"Host": "shop.example", **FORGED})
    assert found["told"] == ["127.0.0.2", "http", "shop.example"]
    assert not {each.lower() for each in FORGED} & set(found["headers"])


@pytest.mark.parametrize("target", ["https://evil.example/a?b=1", "http://evil.example:81/a?b=1"])
def test_a_target_with_a_scheme_tells_the_host_alone(server: Server, target: str) -> None:
    found = ask(server.port, target, {"Host": "shop.example"})
    host = target.split("/")[2]
    assert found["told"] == ["127.0.0.2", "http", host]
    assert found["url"] == f"http://{host}/a?b=1"
