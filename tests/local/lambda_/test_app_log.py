"""What is shown of a function's log: the app's own lines and frames, and Lambda's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.local.lambda_.functions import Log, own

from ferryman.local.gateway.all_gateways import find_gateway
from ferryman.local.lambda_.app_log import is_of_lambda, own_frames, readable
from ferryman.local.lambda_.function import LocalFunction
from ferryman.targets.lambda_.runtime.messages import HttpRequest

BROKEN = """
def helper():
    raise OSError("no database")

helper()
"""


async def test_an_app_that_does_not_start_shows_its_own_frames_alone(tmp_path: Path) -> None:
    log = Log()
    async with LocalFunction(own(tmp_path, source=BROKEN), log) as function:
        await function.invoke(b"{}")
    shown = [text for line in log for text in readable(line)]
    text = "\n".join(shown)
    assert "no database" in text
    assert f'File "{tmp_path}/hello.py", line 3, in helper' in text
    assert "ferryman/" not in text
    assert "LAMBDA_WARNING" not in text
    assert "\r" not in text
    assert shown[-1].startswith("INIT_REPORT")


async def test_an_error_of_a_request_is_whole_and_before_the_end_of_the_request(
    tmp_path: Path,
) -> None:
    source = """
from aiohttp import web

async def pay(request):
    raise ValueError("the card was refused")

def create_app():
    app = web.Application()
    app.router.add_get("/", pay)
    return app
"""
    request = HttpRequest("GET", "/", (), b"", "https", "192.0.2.1")
    event = json.dumps(find_gateway("function-url").encode_request(request)).encode()
    log = Log()
    async with LocalFunction(own(tmp_path, source=source), log) as function:
        outcome = await function.invoke(event)
        assert outcome.finished is not None
        await outcome.finished
    shown = [text for entry in log for text in readable(entry)]
    error = shown.index("ValueError: the card was refused")
    assert "in pay" in "".join(shown[:error])
    assert shown[error + 1].startswith("END RequestId")
    assert "ferryman/" not in "".join(shown)


def test_frames_of_other_packages_stay() -> None:
    lines = [
        "Traceback (most recent call last):",
        '  File "<frozen importlib._bootstrap>", line 1, in _load',
        "",
        '  File "/site/ferry_db/pool.py", line 7, in open',
        "    raise OSError",
        "OSError",
    ]
    assert own_frames(lines) == [lines[0], *lines[3:]]


@pytest.mark.parametrize(
    ("line", "is_so"),
    [
        ("START RequestId: 1 Version: $LATEST", True),
        ("REPORT RequestId: 1\tDuration: 1 ms", True),
        ("INIT_REPORT Init Duration: 1 ms", True),
        ("a START RequestId: 1", False),
        ("handling", False),
    ],
)
def test_lambdas_own_lines_are_told_apart(line: str, is_so: bool) -> None:
    assert is_of_lambda(line) is is_so
    assert readable(line) == [line]
