"""`ferryman check --parity`, on an app that one event source cannot serve in full."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

APP = """
from aiohttp import web

async def show(request):
    return web.json_response(request.query.getall("x"))

def create_app():
    app = web.Application()
    app.router.add_get("/", show)
    return app
"""
TABLE = """
[[request]]
name = "once"
method = "GET"
target = "/?x=1"
status = 200

[[request]]
name = "twice"
method = "GET"
target = "/?x=1&x=2"
status = 200
"""
HAR = {
    "log": {
        "entries": [
            {
                "request": {"method": "GET", "url": "https://shop.example/?x=1&x=2", "headers": []},
                "response": {"status": 200},
            }
        ]
    }
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "shop.py").write_text(APP)
    (tmp_path / "pyproject.toml").write_text('[tool.ferryman]\napp = "shop:create_app"\n')
    (tmp_path / "requests.toml").write_text(TABLE)
    (tmp_path / "recorded.har").write_text(json.dumps(HAR))
    (tmp_path / "bad.har").write_text("{}")
    return tmp_path


def check(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ferryman", "check", "-C", str(project), *arguments],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("file", "request_name"),
    [("requests.toml", "twice"), ("recorded.har", "1 GET /?x=1&x=2")],
)
def test_what_differs_is_shown_side_by_side(file: str, request_name: str, project: Path) -> None:
    done = check(project, "-t", "server", "-t", "lambda:alb", "--parity", file)
    assert done.returncode == 1, done.stderr
    assert done.stdout.splitlines() == [
        request_name,
        "  body",
        '    server      10 bytes, b\'["1", "2"]\'',
        "    lambda:alb  5 bytes, b'[\"2\"]'",
    ]


STREAM = """
from aiohttp import web

async def report(request):
    response = web.StreamResponse(headers={"Content-Type": "text/csv"})
    await response.prepare(request)
    for number in range(3):
        await response.write(f"{number}\\n".encode())
    return response

async def hello(request):
    return web.Response(text="hello")

async def breaks(request):
    response = await report(request)
    request.transport.abort()
    return response

def create_app():
    app = web.Application()
    app.router.add_get("/", report)
    app.router.add_get("/hello", hello)
    app.router.add_get("/breaks", breaks)
    return app
"""


def test_head_of_a_stream_is_answered_alike(project: Path) -> None:
    (project / "shop.py").write_text(STREAM)
    table = '[[request]]\nmethod = "HEAD"\ntarget = "/"\n[[request]]\ntarget = "/hello"\n'
    (project / "requests.toml").write_text(table)
    done = check(project, "-t", "server", "-t", "lambda", "--parity", "requests.toml", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, []), done.stderr


def test_an_answer_that_breaks_off_is_a_difference_and_no_traceback(project: Path) -> None:
    (project / "shop.py").write_text(STREAM)
    (project / "requests.toml").write_text('[[request]]\ntarget = "/breaks"\n')
    done = check(project, "-t", "server", "-t", "lambda", "--parity", "requests.toml", "--json")
    (found,) = json.loads(done.stdout)
    assert (done.returncode, found["part"]) == (1, "answer"), done.stderr
    assert "ClientPayloadError" in found["values"]["server"]
    assert "Traceback" not in done.stderr


def test_targets_that_agree_end_with_0(project: Path) -> None:
    done = check(project, "-t", "server", "-t", "lambda", "--parity", "requests.toml", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])
    assert "2 requests, all answered alike" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-t", "server", "--parity", "requests.toml"), "--parity compares targets"),
        (("-t", "server", "-t", "lambda", "--parity", "bad.har"), "cannot be read as a HAR"),
        (("-t", "server", "-t", "lambda:x", "--parity", "requests.toml"), "no event source 'x'"),
    ],
)
def test_what_cannot_be_is_said(arguments: tuple[str, ...], said: str, project: Path) -> None:
    done = check(project, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr


STATEFUL = """
import asyncio
import itertools
from aiohttp import web

print("imported")
app = web.Application()
lock = asyncio.Lock()
numbers = itertools.count(1)
kept = []

async def show(request):
    async with lock:
        return web.json_response({"id": id(app), "at": [{"n": 1, "t": id(request)}], "kept": kept})

async def keep(request):
    kept.append(next(numbers))
    return web.Response()

async def fails(request):
    raise RuntimeError

app.router.add_get("/", show)
app.router.add_post("/keep", keep)
app.router.add_get("/fails", fails)
"""
IGNORING = """
ignore = ["$.id"]
[[setup]]
method = "POST"
target = "/keep"
[[request]]
target = "/"
ignore = ["$.at[*].t"]
[[request]]
target = "/fails"
ignore = ["/[0-9]+/"]
[[request]]
target = "/missing"
status = 404
"""


def test_an_app_of_a_module_with_state_is_compared_without_what_may_differ(project: Path) -> None:
    (project / "shop.py").write_text(STATEFUL)
    (project / "pyproject.toml").write_text('[tool.ferryman]\napp = "shop:app"\n')
    (project / "requests.toml").write_text(IGNORING)
    done = check(project, "-t", "server", "-t", "lambda", "--parity", "requests.toml", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, []), done.stderr
    assert "1 of 3 get 500 on both" in done.stderr
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('setup = "exit 3"\n[[request]]\ntarget = "/"\n', "the setup command ended with 3"),
        ('ignore = ["id"]\n[[request]]\ntarget = "/"\n', "neither a JSON path"),
        ('[[request]]\ntarget = "/"\nignore = ["/(/"]\n', "/(/ is not a regular expression"),
        ('setup = 3\n[[request]]\ntarget = "/"\n', "neither a command nor requests"),
    ],
)
def test_a_table_that_cannot_be_followed_is_named(project: Path, table: str, said: str) -> None:
    (project / "requests.toml").write_text(table)
    done = check(project, "-t", "server", "-t", "lambda", "--parity", "requests.toml")
    assert done.returncode == 2
    assert said in done.stderr
