"""A target of somebody else's package, named `acme`, in every verb that takes a target."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

ACME = """
from pathlib import Path
from pydantic import BaseModel
from ferryman.core.capabilities import PLAIN_SERVER
from ferryman.building.artifact import describe, staged

class Options(BaseModel):
    zone: str = "north"

class Acme:
    name = "acme"
    summary = "the cloud of Acme Corporation"
    options = Options
    capabilities = PLAIN_SERVER._replace(target="acme")
    runs_like = "server"

    def build(self, project, out, progress):
        with staged(out) as stage:
            (stage / "acme.txt").write_text(project.section("acme", Options).zone)
        name = project.fields.name
        return describe(target="acme", name=name, version="1", path=out, start="acme up")
"""
APP = """
from aiohttp import web
import ferryman

async def hello(request):
    return web.json_response({"target": ferryman.capabilities().target})

async def record(record, event):
    print("handled", record)

def create_app():
    app = web.Application()
    app.router.add_get("/", hello)
    app[ferryman.triggers] = {"sqs": record}
    return app
"""
SUITE = """
from shop import create_app

async def test_hello(aiohttp_client):
    client = await aiohttp_client(create_app())
    assert await (await client.get("/")).json() == {"target": "acme"}
"""
MEASURE = """
import sys
from ferryman.cli.measure import command
from ferryman.core.errors import FerrymanError
import ferryman.measure.measuring as measuring

async def measured(project, scenario, kinds, *rest, insist):
    raise FerrymanError(f"measures {' and '.join(kinds)}")

measuring.measure = measured
command.main(sys.argv[1:], standalone_mode=False)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project, beside the package that brings the target."""
    home = tmp_path_factory.mktemp("acme")
    (home / "acme_target.py").write_text(ACME)
    metadata = home / "acme_target-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-target\nVersion: 1\n")
    point = "[ferryman.targets]\nacme = acme_target:Acme\n"
    (metadata / "entry_points.txt").write_text(point)
    (home / "shop.py").write_text(APP)
    (home / "test_shop.py").write_text(SUITE)
    settings = '[tool.ferryman]\napp = "shop:create_app"\n[tool.ferryman.acme]\nzone = "south"\n'
    (home / "pyproject.toml").write_text(settings)
    return home


def environment(home: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(home), "PYTHONDONTWRITEBYTECODE": "1"}


def run(home: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=home,
        env=environment(home),
        capture_output=True,
        text=True,
        timeout=300,
    )


def ferryman(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(home, "-m", "ferryman", *arguments)


def test_it_is_listed_configured_and_built(home: Path) -> None:
    assert "acme: the cloud of Acme Corporation" in ferryman(home, "targets").stdout
    shown = json.loads(ferryman(home, "config", "show", "--json").stdout)
    assert shown["acme.zone"]["value"] == "south"
    done = ferryman(home, "build", "-t", "acme", "--set", "acme.zone=west")
    assert done.returncode == 0, done.stderr
    assert "start: acme up" in done.stderr
    assert (home / "dist/acme/acme.txt").read_text() == "west"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("build", "-t", "acme", "--explain"), "--explain: the target acme cannot do that"),
        (("serve", "-t", "acme"), "ferryman serve -t server"),
        (("dev", "-t", "acme", "--source", "alb"), "--source is for Lambda only"),
        (("invoke", "-t", "acme", "--fixture", "http-api"), "this event is an HTTP request"),
    ],
)
def test_what_it_cannot_do_is_said(home: Path, arguments: tuple[str, ...], said: str) -> None:
    done = ferryman(home, *arguments)
    assert done.returncode == 2
    assert said in done.stderr


def test_an_event_reaches_its_app(home: Path) -> None:
    done = ferryman(home, "invoke", "-t", "acme", "--fixture", "sqs")
    assert done.returncode == 0, done.stderr
    assert "handled" in done.stderr
    assert json.loads(done.stdout) == {"batchItemFailures": []}


def test_it_is_measured_as_what_it_runs_like(home: Path) -> None:
    done = run(home, "-c", MEASURE, "-t", "acme", "-t", "server")
    assert "measures server" in done.stderr


def test_suites_run_on_it(home: Path) -> None:
    plugins = ("pytest_asyncio.plugin", "pytest_aiohttp.plugin", "ferryman.pytest_plugin")
    loaded = [part for plugin in plugins for part in ("-p", plugin)]
    settings = ("-o", "asyncio_mode=auto", "-p", "no:cacheprovider")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *loaded, *settings, "--ferryman-target=acme"],
        cwd=home,
        env=environment(home) | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "1 passed" in done.stdout, done.stdout


def test_new_projects_build_for_it(home: Path, tmp_path: Path) -> None:
    done = ferryman(home, "new", "boat", "-t", "acme", "--into", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "TARGET ?= acme" in (tmp_path / "boat/Makefile").read_text()
    pipeline = (tmp_path / "boat/.github/workflows/ci.yml").read_text()
    assert "make build" in pipeline
    assert not re.search(r"@[a-z]+@", pipeline)


def test_dev_runs_its_app_as_a_server(home: Path) -> None:
    command = [sys.executable, "-m", "ferryman", "dev", "-t", "acme", "--bind", "127.0.0.1:0"]
    with subprocess.Popen(
        command, cwd=home, env=environment(home), stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr
            said = (re.search(r"http://[\d.:]+", line) for line in process.stderr)
            base = next(found[0] for found in said if found)
            with urllib.request.urlopen(base, timeout=30) as answer:
                assert json.load(answer) == {"target": "server"}
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)
