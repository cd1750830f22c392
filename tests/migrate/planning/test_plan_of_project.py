"""`ferryman migrate plan` on a project: the cost model's figures, a recording, exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PYPROJECT = """
[project]
name = "shop"
version = "1.0.0"
[tool.ferryman]
app = "shop:app"
[tool.ferryman.lambda]
streaming = true
timeout = 20
[tool.ferryman.lambda.deploy.environment]
CURRENCY = "EUR"
[tool.ferryman.cost]
requests = "30M"
shape = "office"
wall_ms = 80
cpu_ms = 12
[tool.ferryman.portability]
database_connections = 200
[tool.ferryman.migrate]
address = "https://shop.example.com"
[tool.ferryman.migrate.sides.lambda]
connections = 2
[tool.ferryman.migrate.sides.server]
connections = 10
units = 2
platform = "ec2"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    return tmp_path


def plan(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "ferryman", "migrate", "plan", "-C", str(project), *arguments)
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def data(project: Path, *arguments: str) -> dict[str, Any]:
    done = plan(project, "--json", *arguments)
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_cost_model_says_what_it_takes(project: Path) -> None:
    found = data(project)
    assert found["works"]
    # 30 million a month are 11.4 a second, of which an office's nights have a part.
    assert 0.5 < found["rate"] < 11.4
    assert found["new_platform"].startswith("EC2")
    assert found["money"]["both"] > found["money"]["before"] > 0
    assert found["stages"][-1]["units"] == 2
    assert "1 MiB" not in json.dumps(found)
    told = {each["name"]: (each["old"], each["new"]) for each in found["differences"]}
    assert told["time limit of a request"] == ("20 s", "no limit")
    assert told["variable CURRENCY"] == ("set", "unknown")


def test_a_recording_tells_of_bodies_that_cannot_pass(project: Path, tmp_path: Path) -> None:
    recording = tmp_path / "recording.har"
    entry = {
        "request": {"method": "GET", "url": "https://shop.example.com/export", "bodySize": -1},
        "response": {"status": 200, "content": {"size": 3 * 2**20, "mimeType": "text/csv"}},
    }
    recording.write_text(json.dumps({"log": {"entries": [entry]}}))
    rule = "--set=migrate.shifter=alb"
    done = plan(project, rule, str(recording))
    assert done.returncode == 2
    assert "GET /export has a body of 3 MiB" in done.stdout
    assert "lambda.streaming" in done.stdout
    assert plan(project, str(recording)).returncode == 0


def test_too_few_connections_end_with_2(project: Path) -> None:
    done = plan(project, "--set=portability.database_connections=20")
    assert done.returncode == 2
    assert "the database accepts 20" in done.stdout


def test_without_traffic_it_asks_for_the_rate(project: Path) -> None:
    (project / "pyproject.toml").write_text(PYPROJECT.replace('requests = "30M"\n', ""))
    refused = plan(project)
    assert (refused.returncode, "pass --rate" in refused.stderr) == (2, True)
    found = data(project, "--rate", "20")
    assert found["rate"] == 20


APP = """
from aiohttp import web

async def talk(request):
    socket = web.WebSocketResponse()
    await socket.prepare(request)
    return socket

app = web.Application()
app.router.add_get("/talk", talk)
"""


def test_what_does_not_work_on_the_new_side_is_refused(project: Path) -> None:
    (project / "shop.py").write_text(APP)
    there = plan(project, "--from", "server", "--to", "lambda")
    assert there.returncode == 2
    assert "WebSocket" in there.stdout.partition("## Steps")[0]
    assert plan(project).returncode == 0, "servers have them"


def test_the_way_back_is_planned_as_well(project: Path) -> None:
    found = data(project, "--from", "server", "--to", "lambda")
    assert (found["old"], found["new"], found["unit"]) == ("server", "lambda", "environments")
