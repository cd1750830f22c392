"""The unit for a machine without containers: systemd's own tools accept and rate it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from ferryman.project.resolution import resolve_project
from ferryman.targets.server.options import ServerOptions
from ferryman.targets.server.runtime.options import ServerSettings
from ferryman.targets.server.systemd import build_unit, unit

UNIT = unit("shop", "1.2", "3.13", ServerSettings(drain_delay=7, graceful_timeout=20))


def test_systemd_waits_longer_than_the_server_takes_to_stop() -> None:
    assert "\nTimeoutStopSec=39\n" in UNIT


def test_it_runs_as_nobody_in_a_system_it_cannot_change() -> None:
    for line in (
        "DynamicUser=yes",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "KillMode=mixed",
    ):
        assert f"\n{line}\n" in UNIT


@pytest.mark.parametrize(
    ("bind", "privileged"),
    [("0.0.0.0:443", True), ("[::]:80", True), ("0.0.0.0:8443", False), ("unix:/run/1:80", False)],
)
def test_it_may_bind_a_low_port_only_where_it_is_set_to(bind: str, privileged: bool) -> None:
    text = unit("shop", "1.2", "3.13", ServerSettings(bind=bind))
    assert ("\nAmbientCapabilities=CAP_NET_BIND_SERVICE\n" in text) is privileged
    assert ("\nPrivateUsers=yes\n" in text) is not privileged


@pytest.mark.parametrize("bind", ["127.0.0.1:8000", "0.0.0.0:443", "unix:/run/shop/http.sock"])
def test_systemd_understands_it_and_rates_it_safe(tmp_path: Path, bind: str) -> None:
    path = tmp_path / "shop.service"
    path.write_text(unit("shop", "1.2", "3.13", ServerSettings(bind=bind)))
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", str(path)],
        capture_output=True,
        text=True,
    )
    said = rated.stdout + rated.stderr
    assert not re.search(r"Unknown|Failed to parse|Invalid|ignoring", said), said
    level = re.search(r"Overall exposure level for shop.service: ([\d.]+)", said)
    assert level
    assert float(level[1]) <= 2.0, said


def test_the_artifact_has_a_unit_in_place_of_a_dockerfile(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text("app = None\n")
    flags = {"app": "hello:app", "name": "hello", "check": "parse"}
    flags["server.systemd"] = "true"
    project = resolve_project(tmp_path, {"server": ServerOptions}, flags=flags)
    build_unit(project, tmp_path / "out", lambda _: None)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        *("app", "hello.service", "requirements.txt")
    }
    options = json.loads((tmp_path / "out" / "app" / "ferryman.json").read_text())["options"]
    assert options["workers"] == 0
    assert options["bind"] == "127.0.0.1:8000"


def test_the_files_that_do_not_ship_are_named_as_for_an_image(tmp_path: Path) -> None:
    (tmp_path / "hello.py").write_text("app = None\n")
    (tmp_path / "pyproject.toml").write_text('[tool.ferryman]\napp = "hello:app"\n')
    flags = {"check": "parse", "server.systemd": "true"}
    project = resolve_project(tmp_path, {"server": ServerOptions}, flags=flags)
    artifact = build_unit(project, tmp_path / "out", lambda _: None)
    assert artifact.left_out == ("pyproject.toml: for tools and people",)
