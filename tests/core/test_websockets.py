"""WebSockets of one app: on a server, behind API Gateway, and here in the local Lambda."""

from __future__ import annotations

import asyncio
import calendar
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from botocore.auth import SigV4Auth  # type: ignore[import-untyped]
from botocore.awsrequest import AWSRequest  # type: ignore[import-untyped]
from botocore.credentials import Credentials  # type: ignore[import-untyped]
from pytest_aiohttp.plugin import AiohttpClient
from tests.local.lambda_.functions import Log, own

import ferryman
from ferryman.cli.invoke import FIXTURES
from ferryman.core import gateway_connections
from ferryman.core.errors import ConfigError
from ferryman.core.gateway_connections import signed_headers
from ferryman.core.triggers import TriggersWrong, deliver
from ferryman.core.websocket_events import connection_id
from ferryman.local.lambda_.event_source import start_front
from ferryman.local.lambda_.function import LocalFunction
from ferryman.targets.protocols import Address

APP = """
import os
from aiohttp import web
import ferryman

async def connect(app, connection):
    if connection.query.get("token") != "s3cret":
        raise web.HTTPForbidden()
    note("connect " + connection.headers.get("x-user", "?"))

async def message(app, connection, data):
    if data == "fail":
        raise ValueError("no such order")
    if data == "bye":
        await connection.close()
        return
    answer = data if isinstance(data, bytes) else f"got {data}"
    await ferryman.Connection(connection.id).send(answer)
    note(f"message {data!r}")

async def disconnect(app, connection):
    note("disconnect")
    try:
        await connection.send("too late")
    except ferryman.ConnectionGone:
        note("gone")

def note(line):
    with open(os.environ["NOTES"], "a") as file:
        file.write(line + chr(10))

def create_app():
    app = web.Application()
    handlers = ferryman.WebSocket(message=message, connect=connect, disconnect=disconnect)
    app[ferryman.triggers] = {"websocket": handlers}
    app.router.add_routes([ferryman.websocket_route("/ws")])
    return app
"""


async def talk(base: str, notes: Path) -> None:
    """Do what a client does, and see that the app was told of all of it."""
    async with aiohttp.ClientSession(base) as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await session.ws_connect("/ws")
        assert refused.value.status == 403
        headers = {"X-User": "ada"}
        async with session.ws_connect("/ws?token=s3cret", headers=headers) as socket:
            await socket.send_str("hello")
            assert await socket.receive_str() == "got hello"
            await socket.send_str("fail")
            await socket.send_bytes(b"\xff\x00")
            replies = [await socket.receive()]
            if replies[0].type == aiohttp.WSMsgType.TEXT:  # API Gateway tells of the failure
                assert json.loads(replies[0].data)["message"] == "Internal server error"
                replies = [await socket.receive()]
            assert replies[0].data == b"\xff\x00"
            await socket.send_str("bye")
            assert (await socket.receive()).type == aiohttp.WSMsgType.CLOSE
    for _ in range(100):
        if "gone" in notes.read_text():
            break
        await asyncio.sleep(0.05)
    said = notes.read_text().splitlines()
    assert said == [
        "connect ada",
        "message 'hello'",
        "message b'\\xff\\x00'",
        "disconnect",
        "gone",
    ]


@pytest.fixture
def notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "notes"
    path.write_text("")
    monkeypatch.setenv("NOTES", str(path))
    return path


async def test_a_server_holds_its_connections_itself(
    aiohttp_client: AiohttpClient, notes: Path
) -> None:
    names: dict[str, Any] = {}
    exec(APP, names)
    client = await aiohttp_client(names["create_app"]())
    async with client.get("/ws?token=s3cret") as answer:
        assert answer.status == 426
    await talk(str(client.make_url("/")), notes)


async def test_the_local_lambda_holds_them_for_the_same_app(tmp_path: Path, notes: Path) -> None:
    log = Log()
    settings = own(tmp_path, source=APP)
    settings.variables["NOTES"] = str(notes)  # type: ignore[index]
    async with LocalFunction(settings, log) as function:
        front = await start_front(function, Address("127.0.0.1", 0))
        try:
            host, port = front.addresses[0][:2]
            await talk(f"http://{host}:{port}", notes)
        finally:
            await front.cleanup()
    assert any("ValueError: no such order" in line for line in log)


@pytest.fixture
async def gateway() -> AsyncIterator[tuple[str, list[tuple[str, str, bytes]]]]:
    """Stand where API Gateway's management API does."""
    asked: list[tuple[str, str, bytes]] = []

    async def handle(request: web.BaseRequest) -> web.Response:
        asked.append((request.method, request.raw_path, await request.read()))
        return web.Response(status=int(request.raw_path[-3:]))

    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/live/@connections", asked
    await gateway_connections.close_sessions()
    await runner.cleanup()


async def test_what_api_gateway_says_of_a_connection_is_told(
    gateway: tuple[str, list[tuple[str, str, bytes]]],
) -> None:
    base, asked = gateway
    await ferryman.Connection(f"{base}/a=200").send("häl")
    await ferryman.Connection(f"{base}/a=204").close()
    path = "/live/@connections/a%3D"
    assert asked == [("POST", f"{path}200", "häl".encode()), ("DELETE", f"{path}204", b"")]
    with pytest.raises(ferryman.ConnectionGone, match="is closed"):
        await ferryman.Connection(f"{base}/a410").send("x")
    with pytest.raises(ConfigError, match="refuses") as refused:
        await ferryman.Connection(f"{base}/a403").send("x")
    assert "execute-api:ManageConnections" in str(refused.value.hint)
    with pytest.raises(ferryman.FerrymanError, match="answered 429"):
        await ferryman.Connection(f"{base}/a429").send("x")
    with pytest.raises(ConfigError, match="too long"):
        await ferryman.Connection(f"{base}/a200").send("x" * 131_073)


@pytest.mark.parametrize("token", [None, "a/token+with=signs"])
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_the_signature_is_the_one_that_aws_s_own_sdk_makes(method: str, token: str | None) -> None:
    url = "https://a1b2.execute-api.eu-west-1.amazonaws.com/live/%40connections/JKJ%2Bd%3D"
    body = b"hello"
    credentials = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCY", token)
    request = AWSRequest(method, url, data=body)
    SigV4Auth(credentials, "execute-api", "eu-west-1").add_auth(request)
    stamp = request.headers["X-Amz-Date"]
    environment = {
        "AWS_ACCESS_KEY_ID": credentials.access_key,
        "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
        "AWS_REGION": "eu-west-1",
        **({"AWS_SESSION_TOKEN": token} if token else {}),
    }
    now = calendar.timegm(time.strptime(stamp, "%Y%m%dT%H%M%SZ"))
    ours = signed_headers(method, url, body, environment, now)
    assert ours["authorization"] == request.headers["Authorization"]


def test_without_credentials_nothing_is_sent() -> None:
    with pytest.raises(ConfigError, match="AWS_ACCESS_KEY_ID is not set"):
        signed_headers("POST", "https://a.example/x", b"", {}, 0)


@pytest.mark.parametrize(
    ("domain", "address"),
    [
        (
            "a1b2.execute-api.eu-west-1.amazonaws.com",
            "https://a1b2.execute-api.eu-west-1.amazonaws.com/live/@connections/JKJZzdF1vHcCIcg=",
        ),
        ("ws.shop.example", "https://ws.shop.example/@connections/JKJZzdF1vHcCIcg="),
    ],
)
def test_the_id_of_a_connection_says_where_it_is(domain: str, address: str) -> None:
    event = json.loads(FIXTURES["websocket"].read_text())
    event["requestContext"]["domainName"] = domain
    assert connection_id(event) == address


async def test_a_handler_that_is_none_is_told() -> None:
    async def handle(_: web.Application, _event: Any) -> None:
        pass

    app = web.Application()
    app[ferryman.triggers] = {"websocket": handle}
    with pytest.raises(TriggersWrong, match=r"not a ferryman\.WebSocket"):
        await deliver(app, json.loads(FIXTURES["websocket"].read_text()))
