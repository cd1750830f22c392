"""A suite of somebody else's, run on several targets."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import sys
import pytest
from aiohttp import web

async def show(request):
    return web.json_response({"x": request.query.getall("x"), "sum": len(request.headers)})

async def big(request):
    return web.Response(body=bytes(2_000_000))

def create_app():
    app = web.Application()
    app.router.add_get("/", show)
    app.router.add_get("/big", big)
    return app

@pytest.fixture
async def client(aiohttp_client):
    return await aiohttp_client(create_app())

async def test_same(client):
    assert (await client.get("/?x=1")).status == 200

async def test_differs(client):
    assert (await (await client.get("/?x=1&x=2")).json())["x"] == ["1", "2"]

@pytest.mark.ferryman_requires("repeated_query")
async def test_skipped_by_name(client):
    assert (await (await client.get("/?x=1&x=2")).json())["x"] == ["1", "2"]

@pytest.mark.ferryman_requires("websockets")
async def test_skipped_by_capability(client):
    assert True

@pytest.mark.ferryman_requires(response_limit=2_000_000)
async def test_skipped_by_limit(client):
    assert len(await (await client.get("/big")).read()) == 2_000_000

async def test_target_is_declared(client):
    import ferryman
    assert ferryman.capabilities().target in ("server", "lambda")

def test_of_no_server():
    pass
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "test_shop.py").write_text(SUITE)
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_fixture_loop_scope = function\n"
        "addopts = --strict-markers\n"
    )
    return tmp_path


def run(suite: Path, *arguments: str) -> tuple[int, str]:
    plugins = ("pytest_asyncio.plugin", "pytest_aiohttp.plugin", "ferryman.pytest_plugin")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-rs"]
    command += [part for plugin in plugins for part in ("-p", plugin)]
    done = subprocess.run(
        [*command, *arguments],
        cwd=suite,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    return done.returncode, done.stdout + done.stderr


def test_tests_run_on_each_target_and_the_one_that_differs_is_named(suite: Path) -> None:
    status, text = run(suite, "--ferryman-target=server,lambda,lambda:alb")
    assert status == 1
    assert "1 failed, 14 passed, 4 skipped" in text
    assert "test_shop.py::test_differs: failed on lambda:alb; passed on server, lambda\n" in text
    assert "lambda:alb lacks header_case, raw_query, repeated_headers, repeated_query\n" in text
    assert "@pytest.mark.ferryman_requires(NAME) skips" in text
    assert "lambda:alb does not offer repeated_query" in text
    assert "lambda does not offer websockets" in text
    assert "lambda:alb has a response_limit of 1048576" in text


def test_without_the_option_nothing_changes(suite: Path) -> None:
    status, text = run(suite, "-v", "-k", "not declared")
    assert (status, "6 passed" in text) == (0, True)
    assert "[server]" not in text


def test_without_the_option_nothing_of_ours_is_imported(suite: Path) -> None:
    (suite / "test_shop.py").write_text(
        "import sys\n"
        "def test_lazy():\n"
        "    assert 'ferryman.pytest_plugin' in sys.modules\n"
        "    loaded = {name for name in sys.modules if name.startswith('ferryman.')}\n"
        "    assert not {name for name in loaded if name.startswith('ferryman.targets')}\n"
        "    assert 'pydantic' not in sys.modules\n"
    )
    assert run(suite)[0] == 0


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        ("lamda", "there is no target 'lamda'"),
        ("lambda:abl", "there is no event source 'abl'"),
        ("server:alb", "tests cannot run on 'server:alb'"),
    ],
)
def test_a_target_that_is_none_is_a_usage_error(targets: str, said: str, suite: Path) -> None:
    status, text = run(suite, f"--ferryman-target={targets}")
    assert status == 4
    assert said in text


def test_a_capability_that_is_none_is_named(suite: Path) -> None:
    text = SUITE.replace('"websockets"', '"websocket"')
    (suite / "test_shop.py").write_text(text)
    status, text = run(suite, "--ferryman-target=server", "-k", "by_capability")
    assert status == 1
    assert "unknown capability 'websocket'; the capabilities are target, concurrency" in text


def test_the_examples_own_suite_passes_on_every_target(repository: Path) -> None:
    example = repository / "examples/postcards"
    targets = "--ferryman-target=server,lambda,lambda:rest-api,lambda:alb"
    status, text = run(example, "-q", targets)
    assert status == 0, text
    assert "targets that differ" not in text
    passed, skipped = re.findall(r"(\d+) passed, (\d+) skipped", text)[-1]
    assert int(passed) > 250
    # What two of the sources do to a query, which the suite itself says.
    assert int(skipped) == 6
    assert set(re.findall(r"does not offer (\w+)", text)) == {"raw_query", "repeated_query"}


OLDER = """
from aiohttp import web
from aiohttp.test_utils import AioHTTPTestCase, TestClient, TestServer
import pytest

async def target(request):
    import ferryman
    return web.json_response({"target": ferryman.capabilities().target})

def create_app():
    app = web.Application()
    app.router.add_get("/", target)
    return app

class TestShop(AioHTTPTestCase):
    async def get_application(self):
        return create_app()

    async def test_case(self):
        answer = await (await self.client.get("/")).json()
        with open("ran.txt", "a") as file:
            file.write(f"case {answer['target']} {type(self.server).__name__}\\n")

async def test_by_hand():
    async with TestClient(TestServer(create_app())) as client:
        answer = await (await client.get("/")).json()
    with open("ran.txt", "a") as file:
        file.write(f"hand {answer['target']} {type(client.server).__name__}\\n")

@pytest.fixture
async def own_client():
    async with TestClient(TestServer(create_app())) as client:
        yield client

async def test_by_a_fixture(own_client):
    with open("ran.txt", "a") as file:
        file.write(f"fixture {type(own_client.server).__name__}\\n")

def elsewhere():
    return TestServer(create_app())

async def test_out_of_sight():
    async with TestClient(elsewhere()) as client:
        assert (await client.get("/")).status == 200
"""


def test_suites_in_the_older_ways_run_on_each_target_or_are_counted(tmp_path: Path) -> None:
    (tmp_path / "test_older.py").write_text(OLDER)
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    status, said = run(tmp_path, "--ferryman-target=server,lambda:alb")
    assert status == 0, said
    assert sorted((tmp_path / "ran.txt").read_text().splitlines()) == [
        "case lambda EventServer",
        "case server TestServer",
        "fixture EventServer",
        "fixture TestServer",
        "hand lambda EventServer",
        "hand server TestServer",
    ]
    assert "7 passed" in said
    assert "tests that ran on no target" in said
    assert "test_older.py::test_out_of_sight\n1 started a TestServer" in said


def test_a_suite_runs_on_the_artifact_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(
        "from aiohttp import web\n\n\ndef create_app():\n    return web.Application()\n"
    )
    (tmp_path / "pyproject.toml").write_text('[tool.ferryman]\napp = "shop:create_app"\n')
    (tmp_path / "test_it.py").write_text(
        "import aiohttp, shop\n\n\n"
        "async def test_it(aiohttp_client):\n"
        "    assert aiohttp.__file__.endswith('task/aiohttp/__init__.pyc')\n"
        "    assert shop.__file__.endswith('task/shop.py')\n"
        "    assert (await (await aiohttp_client(shop.create_app())).get('/')).status == 404\n"
    )
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_mode = auto\n")
    status, said = run(tmp_path, "--ferryman-target=lambda:alb", "--ferryman-artifact")
    assert status == 0, said
    found = re.search(r"ferryman: runs the artifact in (\S+);", said)
    assert found
    assert "1 passed" in said
    assert not Path(found[1]).parent.exists()
    status, said = run(tmp_path, "--ferryman-target=lambda:alb")
    assert "ferryman: runs the sources" in said
