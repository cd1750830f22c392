"""The Dockerfile and its context: what is in it, and that it runs as the image would."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from uv import find_uv_bin

from ferryman.building.artifact import Artifact
from ferryman.project.project import Project
from ferryman.project.resolution import resolve_project
from ferryman.targets.server.image import build_context
from ferryman.targets.server.options import ServerOptions


@pytest.fixture(scope="module")
def context(postcards: Project, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the example's build context, built once."""
    out = tmp_path_factory.mktemp("dist") / "server"
    artifact = build_context(postcards, out, lambda _: None)
    assert isinstance(artifact, Artifact)
    return out


def test_the_context_is_a_dockerfile_and_what_it_copies(context: Path) -> None:
    assert {path.name for path in context.iterdir()} == {"Dockerfile", "requirements.txt", "app"}
    assert {path.name for path in (context / "app").iterdir()} == {
        "ferryman",
        "ferryman.json",
        "postcards",
        "postcards-1.0.0.dist-info",
    }


def test_the_image_can_read_what_a_user_with_a_strict_umask_has_built(
    postcards: Project, tmp_path: Path
) -> None:
    before = os.umask(0o077)
    try:
        build_context(postcards, tmp_path / "server", lambda _: None)
    finally:
        os.umask(before)
    modes = {path: path.stat().st_mode & 0o777 for path in (tmp_path / "server").rglob("*")}
    copied = {p: mode for p, mode in modes.items() if p.name != "Dockerfile"}
    assert [p for p, mode in copied.items() if mode & 0o044 != 0o044] == []
    assert [p for p, mode in copied.items() if p.is_dir() and mode != 0o755] == []


def test_every_requirement_is_pinned_and_hashed(context: Path) -> None:
    text = (context / "requirements.txt").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    names = {line.split("==")[0] for line in lines}
    assert {"aiohttp", "gunicorn", "pydantic-settings"} <= names
    assert not {"awslambdaric", "kubernetes", "click", "ferryman"} & names
    assert all("==" in line and "--hash=sha256:" in line for line in lines)


def test_of_ferryman_only_the_runtime_half_travels(context: Path) -> None:
    ours = {p.relative_to(context / "app").as_posix() for p in (context / "app").rglob("*.py")}
    assert "ferryman/targets/server/runtime/__main__.py" in ours
    foreign = ("/build/", "/cli/", "/cost/", "/lambda_/", "/k8s/", "target.py", "image.py")
    assert [name for name in ours if any(part in name for part in foreign)] == []


def test_the_image_runs_as_nobody_and_by_exec(context: Path) -> None:
    text = (context / "Dockerfile").read_text()
    assert "\nUSER 65532:65532\n" in text
    assert 'ENTRYPOINT ["python", "-m", "ferryman.targets.server.runtime"]' in text
    assert "--require-hashes" in text


def test_two_builds_are_the_same_bytes(context: Path, postcards: Project, tmp_path: Path) -> None:
    again = build_context(postcards, tmp_path / "server", lambda _: None)
    first = build_context(postcards, context, lambda _: None)
    assert again.digest == first.digest


def test_another_base_image_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text("app = None\n")
    flags = {
        "app": "hello:app",
        "check": "parse",
        "server.base_image": "internal/python:3.13@sha256:abc",
    }
    project = resolve_project(tmp_path, {"server": ServerOptions}, flags=flags)
    build_context(project, tmp_path / "out", lambda _: None)
    assert (tmp_path / "out" / "Dockerfile").read_text().count(
        "FROM internal/python:3.13@sha256:abc"
    ) == 2


def test_the_context_starts_on_its_own_with_what_the_dockerfile_installs(
    context: Path, tmp_path: Path, unused_tcp_port: int
) -> None:
    packages = tmp_path / "packages"
    subprocess.run(
        [
            *(find_uv_bin(), "pip", "install", "--quiet", "--require-hashes"),
            *("--python", sys.executable, "--target", packages),
            *("-r", context / "requirements.txt"),
        ],
        check=True,
    )
    settings = (context / "app" / "ferryman.json").read_text()
    assert '"0.0.0.0:8000"' in settings
    local = tmp_path / "ferryman.json"
    local.write_text(settings.replace("0.0.0.0:8000", f"127.0.0.1:{unused_tcp_port}"))
    # -S: of this machine's packages none is on the path, as in the image.
    process = subprocess.Popen(
        [sys.executable, "-S", "-m", "ferryman.targets.server.runtime"],
        cwd=context / "app",
        env=os.environ
        | {"PYTHONPATH": f"{context / 'app'}:{packages}", "FERRYMAN_SETTINGS": str(local)},
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                url = f"http://127.0.0.1:{unused_tcp_port}/api/cards"
                with urllib.request.urlopen(url, timeout=5) as answer:
                    assert answer.status == 200
                    break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
    finally:
        process.terminate()
        assert process.wait(30) == 0
