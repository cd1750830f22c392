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
        (("-t", "server"), "there is nothing to check"),
    ],
)
def test_what_cannot_be_is_said(arguments: tuple[str, ...], said: str, project: Path) -> None:
    done = check(project, *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
