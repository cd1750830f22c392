"""Who may import whom, and that what ships needs nothing of the build side."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "ferryman"

# What the build side uses, and an artifact does not hold.
BUILD_SIDE = (
    *("boto3", "botocore", "click", "kubernetes", "kubernetes_validate"),
    *("numpy", "packaging", "pydantic", "pydantic_core", "pydantic_settings", "rich"),
    *("uv", "yaml"),
)
RUNTIMES = {
    "lambda_": ("awslambdaric", "ferryman.targets.lambda_.runtime.handler"),
    "server": ("gunicorn", "ferryman.targets.server.runtime.application"),
}

# What is imported where a setting asks for it, and the one module that does.
OPTIONAL = {
    ("tracing.py", "opentelemetry"),
    ("redis_store.py", "redis"),
    ("aiohttp_sessions.py", "aiohttp_session"),
}


def test_the_import_contracts_hold() -> None:
    found = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=SOURCE.parents[1],
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stdout


def shipped(target: str) -> list[Path]:
    runtime = SOURCE / "targets" / target / "runtime"
    directories = (SOURCE / "core", SOURCE / "cache", runtime)
    return [SOURCE / "__init__.py", *(p for each in directories for p in each.rglob("*.py"))]


@pytest.mark.parametrize("target", RUNTIMES)
def test_a_runtime_imports_the_standard_library_aiohttp_and_itself(target: str) -> None:
    # yarl and multidict are aiohttp's own types, in its public signatures.
    own = RUNTIMES[target][0]
    allowed = {*sys.stdlib_module_names, "aiohttp", "yarl", "multidict", "ferryman", own}
    if own == "awslambdaric":
        allowed.add("snapshot_restore_py")  # it comes with it, for SnapStart
    found = {
        (path.name, name)
        for path in shipped(target)
        for name in imported(ast.parse(path.read_text()))
        if name.partition(".")[0] not in allowed
        and (path.name, name.partition(".")[0]) not in OPTIONAL
    }
    assert found == set()


def imported(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


@pytest.mark.parametrize("target", RUNTIMES)
def test_a_runtime_starts_where_the_build_side_cannot_be_imported(target: str) -> None:
    others = [name for runtime, (name, _) in RUNTIMES.items() if runtime != target]
    optional = [name for _, name in OPTIONAL]
    code = f"""
import sys
for name in {[*BUILD_SIDE, *others, *optional, "ferryman.building", "ferryman.cli"]!r}:
    sys.modules[name] = None
from aiohttp import web
import {RUNTIMES[target][1]} as runtime
if {target!r} == "lambda_":
    handler = runtime.lambda_handler(web.Application())
    event = {{"version": "2.0", "rawPath": "/", "requestContext": {{"http": {{"method": "GET"}}}}}}
    class Context:
        aws_request_id = "1"
        def get_remaining_time_in_millis(self): return 1000
    assert handler(event, Context())["statusCode"] == 404
else:
    from ferryman.core.settings import RuntimeSettings
    runtime.ServerApplication(RuntimeSettings("a:b", "a", "1", "server"))
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_ferryman_loads_nothing_heavy() -> None:
    code = "import sys, ferryman; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    heavy = {"aiohttp", "asyncio", "yarl", *BUILD_SIDE}
    assert heavy & set(loaded) == set()


def test_every_package_above_a_runtime_is_empty_but_for_its_words() -> None:
    # They ship too, for Python imports them on the way to the runtime.
    for path in (SOURCE / "targets", *(SOURCE / "targets" / target for target in RUNTIMES)):
        body = ast.parse((path / "__init__.py").read_text()).body
        assert len(body) == 1, path
        assert isinstance(body[0], ast.Expr)


@pytest.mark.parametrize(
    "path", sorted(SOURCE.rglob("*.py")), ids=lambda path: str(path.relative_to(SOURCE))
)
def test_every_module_says_what_it_is_for_and_stays_small(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), "it has no docstring"
    assert len(text.splitlines()) <= 400
