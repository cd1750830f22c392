"""`ferryman invoke --remote`: the real boto3, and a stand-in for Lambda's Invoke API over HTTP."""

from __future__ import annotations

import base64
import binascii
import json
import struct
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ferryman.cli.invoke import command
from ferryman.core.errors import FerrymanError

LOG = "START RequestId: 1 Version: $LATEST\nEND RequestId: 1\nREPORT RequestId: 1\tDuration: 2 ms\n"
TAIL = base64.b64encode(LOG.encode()).decode()
STREAM = "application/vnd.amazon.eventstream"


@dataclass(slots=True)
class Api:
    """What the stand-in answers, and what it was asked."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"X-Amz-Log-Result": TAIL})
    body: bytes = b'{"fine": true}'
    asked: list[tuple[str, str | None, Any]] = field(default_factory=list)


class StandIn(BaseHTTPRequestHandler):
    """Lambda's API, as far as one invocation goes."""

    def __init__(self, api: Api, *arguments: Any) -> None:
        self.api = api
        super().__init__(*arguments)

    def do_POST(self) -> None:
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.api.asked.append((self.path, self.headers["X-Amz-Log-Type"], event))
        self.send_response(self.api.status)
        for name, value in self.api.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(self.api.body)))
        self.end_headers()
        self.wfile.write(self.api.body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    (tmp_path / "pyproject.toml").write_text('[tool.ferryman]\nname = "shop"\napp = "shop:app"\n')
    answers = Api()
    server = HTTPServer(("127.0.0.1", 0), partial(StandIn, answers))
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    answers.url = f"http://127.0.0.1:{server.server_port}"
    for name, value in {
        "AWS_ENDPOINT_URL_LAMBDA": answers.url,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_CONFIG_FILE": str(tmp_path / "none"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    yield answers
    server.shutdown()
    thread.join()
    server.server_close()


def invoke(directory: Path, *arguments: str) -> Result:
    given = ("-t", "lambda", "--remote", "-C", str(directory), "--fixture", "warm-up", *arguments)
    return CliRunner().invoke(command, [*given], standalone_mode=False)


def test_result_and_log_are_printed_apart(api: Api, tmp_path: Path) -> None:
    done = invoke(tmp_path)
    assert (done.return_value, json.loads(done.stdout), done.stderr) == (0, {"fine": True}, LOG)
    ((path, log, event),) = api.asked
    assert (path, log) == ("/2015-03-31/functions/shop/invocations", "Tail")
    assert isinstance(event, dict)


def test_another_name_can_be_given(api: Api, tmp_path: Path) -> None:
    invoke(tmp_path, "--function", "shop-staging:live")
    assert api.asked[0][0] == "/2015-03-31/functions/shop-staging%3Alive/invocations"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"errorType": "ValueError", "errorMessage": "no such order"}, "Unhandled"),
        ({"batchItemFailures": [{"itemIdentifier": "b"}]}, None),
    ],
)
def test_what_fails_ends_with_1(
    body: dict[str, Any], error: str | None, api: Api, tmp_path: Path
) -> None:
    api.body = json.dumps(body).encode()
    api.headers |= {"X-Amz-Function-Error": error} if error else {}
    done = invoke(tmp_path)
    assert (done.return_value, json.loads(done.stdout)) == (1, body)


def test_a_stream_is_printed_as_it_comes(api: Api, tmp_path: Path) -> None:
    head = b'{"statusCode": 201, "cookies": ["a=1"]}'
    api.body = b"".join(
        [
            *(chunk(piece) for piece in (head, bytes(8), b"one ", b"two")),
            message("InvokeComplete", json.dumps({"LogResult": TAIL}).encode(), "application/json"),
        ]
    )
    api.headers = {"Content-Type": STREAM}
    done = invoke(tmp_path, "--set", "lambda.streaming=true")
    assert (done.return_value, done.stdout) == (0, "one two")
    assert done.stderr == '{"statusCode": 201, "cookies": ["a=1"]}\n' + LOG
    assert api.asked[0][0] == "/2021-11-15/functions/shop/response-streaming-invocations"


def test_a_stream_that_fails_says_why(api: Api, tmp_path: Path) -> None:
    details = {"errorType": "OSError", "errorMessage": "broken"}
    ending = {"ErrorCode": "Unhandled", "ErrorDetails": json.dumps(details), "LogResult": TAIL}
    api.body = chunk(b"one ") + message(
        "InvokeComplete", json.dumps(ending).encode(), "application/json"
    )
    api.headers = {"Content-Type": STREAM}
    done = invoke(tmp_path, "--set", "lambda.streaming=true")
    assert (done.return_value, done.stdout) == (1, "one " + json.dumps(details, indent=2) + "\n")


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        (404, "ResourceNotFoundException", "--function names it"),
        (403, "AccessDeniedException", "lambda:InvokeFunction"),
        (403, "UnrecognizedClientException", "--profile chooses credentials"),
        (429, "TooManyRequestsException", "concurrent invocations"),
    ],
)
def test_a_refusal_is_explained_and_not_tried_again(
    status: int, code: str, said: str, api: Api, tmp_path: Path
) -> None:
    api.status, api.body = status, b'{"Message": "AWS says so"}'
    api.headers = {"X-Amzn-ErrorType": code}
    error = invoke(tmp_path).exception
    assert isinstance(error, FerrymanError)
    assert "shop: AWS refuses" in error.message
    assert "AWS says so" in str(error.cause)
    assert said in str(error.hint)
    assert len(api.asked) == 1


def test_what_is_missing_on_this_machine_is_said(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no-such" in str(invoke(tmp_path, "--profile", "no-such").exception)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert "credentials" in str(invoke(tmp_path).exception)
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert "--region" in str(invoke(tmp_path).exception)
    monkeypatch.setitem(sys.modules, "boto3", None)
    assert "pip install 'ferryman[aws]'" in str(invoke(tmp_path).exception)
    assert api.asked == []


def test_an_api_that_cannot_be_reached_is_said(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", "http://127.0.0.1:1")
    assert "Could not connect" in str(invoke(tmp_path).exception)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-t", "server", "--remote"), "--remote is for Lambda only"),
        (("-t", "lambda", "--remote", "--local"), "exclude each other"),
    ],
)
def test_flags_that_do_not_go_together(
    arguments: tuple[str, ...], said: str, api: Api, tmp_path: Path
) -> None:
    given = [*arguments, "-C", str(tmp_path), "--fixture", "sqs"]
    error = CliRunner().invoke(command, given, standalone_mode=False).exception
    assert said in str(error)


def chunk(piece: bytes) -> bytes:
    return message("PayloadChunk", piece, "application/octet-stream")


def message(event: str, payload: bytes, content: str) -> bytes:
    """Return a message of an AWS event stream: lengths, checksum, headers, payload, checksum."""
    told = {":message-type": "event", ":event-type": event, ":content-type": content}
    headers = b"".join(
        struct.pack("!B", len(name))
        + name.encode()
        + struct.pack("!BH", 7, len(value))
        + value.encode()
        for name, value in told.items()
    )
    lengths = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    body = lengths + struct.pack("!I", binascii.crc32(lengths)) + headers + payload
    return body + struct.pack("!I", binascii.crc32(body))


def test_the_account_is_asked_for_only_with_a_function_there() -> None:
    given = ("-t", "lambda", "--fixture", "warm-up", "--profile", "prod")
    error = CliRunner().invoke(command, given, standalone_mode=False).exception
    assert "--profile has no effect without --remote" in str(error)
