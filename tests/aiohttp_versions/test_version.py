"""What a stranger does, with whichever aiohttp is installed: measures, and tests on targets."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.measure.conftest import figures_of, resolved, subject

from ferryman.core.errors import ConfigError
from ferryman.targets.server.runtime.options import ServerSettings
from ferryman.targets.server.runtime.runner import check_aiohttp

SUITE = """
from aiohttp import web
from aiohttp.test_utils import AioHTTPTestCase

async def hello(request):
    return web.json_response({"x": request.query.getall("x"), "sent": await request.text()})

class TestApp(AioHTTPTestCase):
    async def get_application(self):
        app = web.Application()
        app.router.add_post("/", hello)
        return app

    async def test_it(self):
        async with self.client.post("/?x=1", data="text") as answer:
            assert await answer.json() == {"x": ["1"], "sent": "text"}
"""


@pytest.mark.parametrize("target", ["lambda", "server"])
async def test_an_app_is_measured(tmp_path: Path, target: str) -> None:
    figures = await figures_of(resolved(subject(tmp_path)), tmp_path, target, "/")
    assert figures.init_ms.value > 0


def test_the_users_own_tests_run_on_targets(tmp_path: Path) -> None:
    (tmp_path / "test_app.py").write_text(SUITE)
    plugins = ("-p", "no:aiohttp", "-p", "no:pytest_aiohttp", "-p", "no:cacheprovider")
    command = (sys.executable, "-m", "pytest", "-q", *plugins, "--ferryman-target=server,lambda")
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, check=False
    )
    assert "2 passed" in done.stdout, done.stdout


def test_a_server_says_what_needs_a_newer_aiohttp() -> None:
    asked = ServerSettings(proxy_protocol=True)
    with pytest.raises(ConfigError, match=r"proxy_protocol needs aiohttp 3\.11; there is 3\.9\.5"):
        check_aiohttp((3, 9, 5), asked)
    check_aiohttp((3, 11, 0), asked)
    check_aiohttp((3, 9, 5), ServerSettings())
