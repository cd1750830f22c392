"""Golden traffic: recorded by a real server and on Lambda, and sent to another release."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import urllib.request
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.targets.lambda_.conftest import Context
from tests.targets.server.running import Server

from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.core.recording import LOGGER, digest
from ferryman.migrate.golden import Golden, Recorded, read_golden
from ferryman.migrate.replay import Replayed, replay
from ferryman.targets.lambda_.runtime.handler import LambdaHandler
from ferryman.targets.lambda_.runtime.options import EnvironmentOptions

Serve = Callable[[web.Application], Awaitable[Any]]

SHOP = """
import secrets
from aiohttp import web

async def card(request):
    number = int(request.match_info["number"])
    if number > 5:
        raise web.HTTPNotFound()
    return web.json_response({"card": number, "price": 3})

async def visit(request):
    return web.Response(text=secrets.token_hex())

async def me(request):
    return web.Response(text=request.cookies.get("session", "nobody"))

async def packed(request):
    response = web.Response(text="x" * 5000)
    response.enable_compression(web.ContentCoding.gzip)
    return response

async def buy(request):
    await request.read()
    raise web.HTTPSeeOther("/cards/1")

app = web.Application()
app.router.add_get("/cards/{number}", card)
app.router.add_get("/visit", visit)
app.router.add_get("/me", me)
app.router.add_get("/packed", packed)
app.router.add_post("/buy", buy)
"""
TARGETS = ("/cards/1", "/cards/2", "/cards/2", "/cards/9", "/visit", "/visit", "/cards/1?token=s")


def shop(source: str = SHOP) -> web.Application:
    names: dict[str, Any] = {}
    exec(source, names)
    app: web.Application = names["app"]
    return app


@pytest.fixture(scope="module")
def server_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The log of a real server that has recorded some requests."""
    root = tmp_path_factory.mktemp("golden")
    server = Server(root, SHOP, record=1.0, log_format="json", log_level="WARNING")
    base = f"http://127.0.0.1:{server.port}"
    try:
        server.wait_until(lambda: _answers(f"{base}/visit"))
        for target in TARGETS:
            _answers(base + target)
        _answers(f"{base}/me", headers={"Cookie": "session=ada"})
        _answers(f"{base}/buy", data=b"card=1")
        _answers(f"{base}/packed", headers={"Accept-Encoding": "gzip"})
        _answers(f"{base}/cards/1", method="HEAD")
    finally:
        server.process.terminate()
        server.process.wait(30)
    return server.log


def _answers(url: str, **more: Any) -> bool:
    try:
        urllib.request.urlopen(urllib.request.Request(url, **more), timeout=5).close()
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
    return True


@pytest.fixture
def lambda_log(tmp_path: Path) -> Path:
    """The log of a function that has recorded some requests, as CloudWatch shows it."""
    stream = io.StringIO()
    root, own = logging.getLogger(), logging.getLogger(LOGGER)
    before, level = root.handlers[:], own.level
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        logging.Formatter("[%(levelname)s]\t2026-11-29T20:00:00Z\tid\t%(message)s")
    )
    root.handlers[:] = [handler]
    function = LambdaHandler(shop, EnvironmentOptions(record=1.0))
    for target in TARGETS:
        function(_event(target), Context())
    function.close()
    root.handlers[:] = before
    own.setLevel(level)
    path = tmp_path / "function.log"
    path.write_text(stream.getvalue())
    return path


def _event(target: str) -> dict[str, Any]:
    path, _, query = target.partition("?")
    http = {"method": "GET", "path": path, "protocol": "HTTP/1.1", "sourceIp": "203.0.113.7"}
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"host": "x.lambda-url.eu-west-1.on.aws", "accept": "*/*"},
        "requestContext": {"http": http, "requestId": "id", "domainName": "x", "timeEpoch": 1},
        "isBase64Encoded": False,
    }


def essence(path: Path) -> dict[tuple[str, str], set[tuple[int, str | None]]]:
    return {
        (each.method, each.target): {(answer.status, answer.digest) for answer in each.answers}
        for each in read_golden([path])
        if each.target.startswith("/cards") and each.method == "GET"
    }


def test_both_runtimes_record_the_same(server_log: Path, lambda_log: Path) -> None:
    found = essence(server_log)
    assert found == essence(lambda_log)
    assert found["GET", "/cards/2"] == {(200, digest(b'{"card": 2, "price": 3}')["sha256"])}
    assert "session=ada" not in server_log.read_text()
    assert "card=1" not in server_log.read_text()


def test_requests_that_are_alike_are_one(server_log: Path) -> None:
    found = {each.target: each for each in read_golden([server_log, server_log])}
    assert found["/cards/2"].times == 4
    assert len(found["/visit"].answers) > 1
    assert found["/cards/1?token="].withheld
    assert found["/me"].withheld == "it had cookies"


async def replayed(serve: Serve, log: Path, source: str = SHOP, **more: Any) -> Replayed:
    server = await serve(shop(source))
    return await replay(read_golden([log]), str(server.make_url("")), **more)


async def test_the_same_release_differs_in_nothing(
    aiohttp_server: Serve, server_log: Path, lambda_log: Path
) -> None:
    # The server was asked for a compressed answer and by HEAD, too.
    for log, sent in ((server_log, 6), (lambda_log, 4)):
        found = await replayed(aiohttp_server, log)
        assert found.groups == ()
        assert found.sent == sent
        assert found.changing == 1, "what changes by itself is not a difference"


async def test_what_differs_is_grouped_by_path_and_counted(
    aiohttp_server: Serve, server_log: Path
) -> None:
    other = SHOP.replace('"price": 3', '"price": 4').replace("HTTPNotFound", "HTTPGone")
    found = await replayed(aiohttp_server, server_log, other)
    told = {(group.where, group.part): group for group in found.groups}
    # Three that were asked for, and the one that buying leads to.
    assert told["GET /cards/*", "body"].requests == 4
    status = told["GET /cards/*", "status"]
    assert (status.recorded, status.answered, status.example) == ("404", "410", "/cards/9")
    assert len(found.groups) == 2
    assert any("may change something" in reason for reason in found.left_out)
    assert any("cookies" in reason for reason in found.left_out)


async def test_with_a_session_those_that_had_cookies_are_sent(
    aiohttp_server: Serve, server_log: Path
) -> None:
    other = SHOP.replace('request.cookies.get("session", "nobody")', "1/0")
    session = {"session": "eve"}
    assert (await replayed(aiohttp_server, server_log, cookies=session)).groups == ()
    found = await replayed(aiohttp_server, server_log, other, cookies=session)
    assert [(g.where, g.answered) for g in found.groups if g.part == "status"] == [
        ("GET /me", "500")
    ]


async def test_a_release_that_is_away_is_named(server_log: Path, unused_tcp_port: int) -> None:
    with pytest.raises(FerrymanError, match="does not answer GET"):
        await replay(read_golden([server_log]), f"http://127.0.0.1:{unused_tcp_port}")


async def test_an_unsafe_request_is_sent_with_the_body_that_was_kept(aiohttp_server: Serve) -> None:
    seen: list[bytes] = []

    async def buy(request: web.Request) -> web.Response:
        seen.append(await request.read())
        return web.Response(text="bought")

    app = web.Application()
    app.router.add_post("/buy", buy)
    server = await aiohttp_server(app)
    answer = Recorded(200, "text/plain; charset=utf-8", None, digest(b"bought")["sha256"], 6)
    golden = Golden("POST", "/buy", (), b"card=1", answers=(answer,))
    assert (await replay([golden], str(server.make_url("")))).sent == 0
    found = await replay([golden], str(server.make_url("")), unsafe=True)
    assert (found.groups, seen) == ((), [b"card=1"])


def test_a_log_may_be_wrapped_cut_or_hold_other_things(server_log: Path, tmp_path: Path) -> None:
    lines = server_log.read_text().splitlines()
    (line,) = [text for text in lines if "/cards/9" in text][:1]
    path = tmp_path / "mixed.log"
    wrapped = json.dumps({"events": json.dumps({"message": line})})
    path.write_text(
        f"starting up\n{line[: len(line) // 2]}\n2026-11-29 pod/app-7 {line}\n{wrapped}\n"
        'recorded {"v": 2, "method": "GET"}\n\xff\n'
    )
    (found,) = read_golden([path])
    assert (found.target, found.times) == ("/cards/9", 2)


def test_a_log_without_records_says_how_there_come_to_be_some(tmp_path: Path) -> None:
    path = tmp_path / "empty.log"
    path.write_text("GET / 200\n")
    with pytest.raises(ConfigError, match="no recorded requests") as raised:
        read_golden([path])
    assert "record = 0.01" in str(raised.value)


async def test_the_command_prints_groups_and_ends_with_1(
    aiohttp_server: Serve, server_log: Path, tmp_path: Path
) -> None:
    import asyncio

    other = await aiohttp_server(shop(SHOP.replace('"price": 3', '"price": 4')))
    command = (
        *(sys.executable, "-m", "ferryman", "migrate", "verify", "-C", str(tmp_path)),
        *("--from-logs", str(server_log), "--set", "name=shop", "--json"),
        *("--set", f'migrate.sides={{"server": {{"address": "{other.make_url("")}"}}}}'),
    )
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'shop'\nversion = '1'\n")
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1, done.stderr
    assert done.stdout, done.stderr
    (group,) = json.loads(done.stdout)["groups"]
    assert (group["where"], group["part"]) == ("GET /cards/*", "body")
    assert "not sent, 1 recorded request: it had cookies (--cookie)" in done.stderr
