"""The servers that a cache is held to: Redis, stand-ins for DynamoDB, Upstash's front."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import boto3  # type: ignore[import-untyped]
from aiohttp import web
from redis.asyncio import Redis
from redis.exceptions import ResponseError
from scripts.ports import free_port
from tests.aws_stand_in import CREDENTIALS, STAND_INS

PATIENCE = "timeout=60"
"""The option of stores' URLs for a busy machine, on which a store is slow."""

REGION = "us-east-1"
TABLE = "Cards_1"
TOKEN = "planted-upstash-token"


@contextmanager
def redis_server(place: Path, *options: str) -> Iterator[int]:
    """Run Debian's redis-server on loopback, and yield its port."""
    port = free_port()
    command = [
        *("redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""),
        *("--appendonly", "no", "--dir", str(place), *options),
    ]
    with (place / "redis.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_for_port(process, port)
            yield port
        finally:
            process.terminate()
            process.wait(10)


@contextmanager
def moto_server(place: Path) -> Iterator[int]:
    """Run moto's server, and yield its port."""
    port = free_port()
    with (place / "moto.log").open("w") as log:
        process = subprocess.Popen(
            [STAND_INS / "moto_server", "-H", "127.0.0.1", "-p", str(port)],
            stdout=log,
            stderr=log,
            env={"PATH": os.defpath, "HOME": str(place)},
        )
        try:
            wait_for_port(process, port)
            yield port
        finally:
            process.terminate()
            process.wait(10)


def make_table(port: int, name: str = TABLE, key: str = "key", kind: str = "S") -> None:
    """Create a table as the documentation says, with a key and of a kind."""
    client = boto3.client(
        "dynamodb",
        region_name=REGION,
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
    )
    client.create_table(
        TableName=name,
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": kind}],
        KeySchema=[{"AttributeName": key, "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    client.update_time_to_live(
        TableName=name,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires_at"},
    )
    client.close()


@asynccontextmanager
async def upstash_front(
    redis_port: int, token: str = TOKEN, database: int = 0
) -> AsyncIterator[int]:
    """Answer Upstash's REST API from a real Redis, and yield the port.

    Written from Upstash's page "REST API": a command is a JSON array in the body, or words in the
    path with the body as the last; strings come in base64 if they are asked for so.
    """
    redis = Redis(port=redis_port, db=database)

    async def answer(request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != f"Bearer {token}":
            return web.json_response({"error": "WRONGPASS invalid password"}, status=401)
        body = await request.read()
        words: list[Any]
        if request.path == "/":
            words = json.loads(body)
        else:
            words = [unquote(part) for part in request.raw_path[1:].split("/")]
            words += [body] if body else []
        try:
            result = await redis.execute_command(*words)  # type: ignore[no-untyped-call]
        except ResponseError as error:
            code = getattr(error, "status_code", None)
            return web.json_response({"error": f"{code or 'ERR'} {error}"}, status=400)
        encoded = request.headers.get("Upstash-Encoding") == "base64"
        return web.json_response({"result": as_json(result, encoded)})

    app = web.Application(client_max_size=2**22)
    app.router.add_post("/{words:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
        await redis.aclose()


def as_json(result: Any, encoded: bool) -> Any:
    if isinstance(result, list):
        return [as_json(each, encoded) for each in result]
    if result is True:
        return "OK"
    if isinstance(result, bytes):
        return base64.b64encode(result).decode() if encoded else result.decode()
    return result


class Proxy:
    """A proxy that can lose answers, drop connections and swallow what they carry.

    Args:
        port: Where it connects to.
        lose_every: Of how many answers one is lost, its connection with it; 0: none.
    """

    def __init__(self, port: int, lose_every: int = 0) -> None:
        self._port = port
        self._lose_every = lose_every
        self.answers = 0
        self.lost = 0
        self.connections = 0
        self._deaf_until = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Proxy:
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.drop()
        await asyncio.sleep(0)

    def drop(self) -> None:
        """Close every connection."""
        for writer in tuple(self._writers):
            writer.close()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            writer.close()
            return
        self._writers |= {writer, up_writer}
        asking = asyncio.ensure_future(self._ask(reader, up_writer, number))
        try:
            while answer := await up_reader.read(2**20):
                self.answers += 1
                if self._lose_every and self.answers % self._lose_every == 0:
                    self.lost += 1
                    break
                writer.write(answer)
        except ConnectionError:
            pass
        finally:
            asking.cancel()
            for each in (writer, up_writer):
                each.close()
                self._writers.discard(each)

    async def _ask(
        self, reader: asyncio.StreamReader, up_writer: asyncio.StreamWriter, number: int
    ) -> None:
        with suppress(ConnectionError):
            while request := await reader.read(2**20):
                if number > self._deaf_until:
                    up_writer.write(request)
        up_writer.close()

    def go_deaf(self) -> None:
        """Swallow what the connections carry that there are now; new ones work."""
        self._deaf_until = self.connections


def wait_for_port(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "the server ended"
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.05)
    raise AssertionError("the server does not answer")


def credentials_for(port: int) -> Mapping[str, str]:
    """Return the environment of a process that calls a stand-in."""
    return {**CREDENTIALS, "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}"}
