"""``ferryman measure``, as a user meets it: real processes, a small app."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.measure.conftest import subject

from ferryman.core.measurement_file import FILE_NAME, read_measurement

SCENARIO = '[[request]]\ntarget = "/work?burn=2"\nweight = 3\n[[request]]\ntarget = "/work"\n'


def measure(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ferryman", "measure", "--quick", *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | {"COLUMNS": "120"},
    )


@contextmanager
def others_working() -> Iterator[None]:
    """Keep every processor busy until the block ends, or two minutes at most."""
    code = "import time\nwhile time.process_time() < 120: pass"
    hogs = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for hog in hogs:
            hog.kill()
            hog.wait()


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = subject(tmp_path_factory.mktemp("subject"))
    (root / "traffic.toml").write_text(SCENARIO)
    return root


def test_both_targets_are_measured_and_the_figures_kept(root: Path) -> None:
    done = measure(root, "--scenario", "traffic.toml", "--force")
    assert done.returncode == 0, done.stderr
    assert "On a server: gunicorn, one worker" in done.stdout
    assert "On Lambda: one environment" in done.stdout
    assert "GET /work?burn=2" in done.stdout
    assert "capacity of a vCPU" in done.stdout
    assert "universal law with lambda" in done.stdout
    assert f"wrote {root / FILE_NAME}" in done.stderr
    found = read_measurement(root / FILE_NAME)
    assert found.app == "subject:create_app"
    assert found.scenario == "traffic.toml"
    assert [route.share for route in found.targets["server"].routes] == [0.75, 0.25]
    for figures in found.targets.values():
        assert 1.5 < figures.total.cpu_ms.value < 4


def test_json_is_the_measurement_and_nothing_else(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.json"
    only = "-t", "lambda", "--scenario", "traffic.toml"
    done = measure(root, *only, "--json", "--force", "-o", str(out))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == json.loads(out.read_text())
    assert list(json.loads(done.stdout)["targets"]) == ["lambda"]


def test_figures_of_a_busy_machine_are_refused(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.json"
    with others_working():
        done = measure(root, "-t", "lambda", "--scenario", "traffic.toml", "-o", str(out))
    assert done.returncode == 1
    assert "error: the figures cannot be trusted, and nothing was written" in done.stderr
    assert "of the machine's CPU time" in done.stderr
    assert "hint: end what else runs" in done.stderr
    assert not out.exists()


def test_without_a_scenario_the_routes_are_sent_and_it_is_said(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.json"
    done = measure(root, "-t", "lambda", "--patience", "1", "--force", "-o", str(out))
    assert "note: no scenario: each of 5 GET routes" in done.stderr
    assert "1 with variables are left out" in done.stderr
    assert done.returncode == 1
    assert "error: GET /stall is not answered" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--scenario", "none.toml"), "none.toml cannot be read"),
        (("--scenario", "traffic.toml", "--har", "x.har"), "there are 2 scenarios"),
        (("--scenario", "away.toml"), "is not on this machine"),
        (("--access-log", "empty.log"), "tells of no request that can be sent again"),
        (("-t", "k8s"), "'k8s' is not one of 'server', 'lambda'"),
        (("--patience", "0"), "0.0 is not in the range"),
    ],
)
def test_bad_input_is_named_and_exits_with_2(
    root: Path, arguments: tuple[str, ...], message: str
) -> None:
    (root / "away.toml").write_text('[[request]]\ntarget = "http://example.com/"\n')
    (root / "empty.log").write_text("")
    done = measure(root, *arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_an_app_that_does_not_start_exits_with_3(tmp_path: Path) -> None:
    root = subject(tmp_path, "create_broken_app")
    (root / "traffic.toml").write_text(SCENARIO)
    done = measure(root, "--scenario", "traffic.toml")
    assert done.returncode == 3
    assert "there is no database at 127.0.0.1:5432" in done.stderr
    assert not (root / FILE_NAME).exists()


def test_nothing_is_left_when_it_is_interrupted(root: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "ferryman", "measure", "--scenario", "traffic.toml"],
        cwd=root,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,
        text=True,
    )
    time.sleep(4)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert children
    assert not [child for child in children if Path(f"/proc/{child}").exists()]
