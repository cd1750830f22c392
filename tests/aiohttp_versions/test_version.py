"""What a stranger does, with whichever aiohttp is installed: measures, and tests on targets."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import aiohttp
import pytest
from tests.measure.conftest import figures_of, resolved, subject

import ferryman
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


def names_of_aiohttp(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield module and name for each that a module takes from aiohttp, unless it asks first."""
    imported = {
        (getattr(node, "module", None), alias.name)
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    modules = {"aiohttp": "aiohttp"} if (None, "aiohttp") in imported else {}
    if ("aiohttp", "web") in imported:
        modules["web"] = "aiohttp.web"
    asked = {
        node.args[1].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "hasattr"
        if isinstance(node.args[1], ast.Constant)
    }
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in modules:
                if attribute not in asked:
                    yield modules[name], attribute
            case ast.ImportFrom(module=str(module), names=names, level=0):
                if module.partition(".")[0] == "aiohttp":
                    yield from ((module, alias.name) for alias in names)


def test_this_aiohttp_has_every_name_that_ferryman_takes_from_it() -> None:
    home = Path(ferryman.__file__).parent
    taken = {
        (place.relative_to(home).as_posix(), *name)
        for place in home.rglob("*.py")
        for name in names_of_aiohttp(ast.parse(place.read_bytes()))
    }
    assert len(taken) > 300
    missing = {one for one in taken if not has_name(*one[1:])}
    assert missing == set(), aiohttp.__version__


def has_name(module: str, name: str) -> bool:
    found = import_module(module)
    submodule = hasattr(found, "__path__") and find_spec(f"{module}.{name}") is not None
    return submodule or hasattr(found, name)


def test_a_server_says_what_needs_a_newer_aiohttp() -> None:
    asked = ServerSettings(proxy_protocol=True)
    with pytest.raises(ConfigError, match=r"proxy_protocol needs aiohttp 3\.11; there is 3\.9\.5"):
        check_aiohttp((3, 9, 5), asked)
    check_aiohttp((3, 11, 0), asked)
    check_aiohttp((3, 9, 5), ServerSettings())
