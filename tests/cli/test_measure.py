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

from ferryman.records.measurement_file import FILE_NAME, read_measurement

SCENARIO = '[[request]]\ntarget = "/work?burn=2"\nweight = 3\n[[request]]\ntarget = "/work"\n'


def measure(
    root: Path, *arguments: str, pace: tuple[str, ...] = ("--quick",)
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "ferryman", "measure", *pace, *arguments],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=300,
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
    assert "hint: end other programs" in done.stderr
    assert not out.exists()


@pytest.mark.parametrize("target", ["server", "lambda"])
def test_a_request_that_fails_ends_it_before_anything_is_measured(
    root: Path, tmp_path: Path, target: str
) -> None:
    (root / "failing.toml").write_text(
        "".join(
            f'[[request]]\ntarget = "{path}"\n' for path in ("/work", "/crash", "/wrok", "/fail")
        )
    )
    out = tmp_path / "m.json"
    done = measure(root, "-t", target, "--scenario", "failing.toml", "--json", "-o", str(out))
    assert done.returncode == 1
    assert done.stdout == ""
    told = done.stderr.splitlines()
    assert told[:4] == [
        f"error: {target}: 3 of 4 requests fail, and nothing was measured",
        "cause: GET /crash: 500",
        "  GET /wrok: 404",
        "  GET /fail: 503",
    ]
    assert "KeyError: 'no such thing'" in told
    assert [line.split('"')[1] for line in told if 'File "' in line] == [str(root / "subject.py")]
    assert "`status = 404` in a [[request]] marks this status as expected" in done.stderr
    assert not out.exists()


def test_a_time_bounds_the_measurement(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.json"
    arguments = "-t", "lambda", "--scenario", "traffic.toml", "--force", "-o", str(out)
    done = measure(root, "--time", "11", *arguments, pace=())
    assert done.returncode == 0, done.stderr
    assert read_measurement(out).targets["lambda"].total.cpu_ms.value > 1
    short = measure(root, "--time", "9", *arguments, pace=())
    assert short.returncode == 2
    assert "error: --time: 9 seconds for each target are too few" in short.stderr


def test_without_a_scenario_the_routes_are_sent_and_it_is_said(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.json"
    done = measure(root, "-t", "lambda", "--patience", "1", "--force", "-o", str(out))
    assert "note: no scenario: each of 6 GET routes" in done.stderr
    assert "1 with variables are left out" in done.stderr
    assert done.returncode == 1
    assert "error: GET /stall is not answered" in done.stderr
    assert "an app may print" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--scenario", "none.toml"), "none.toml cannot be read"),
        (("--scenario", "traffic.toml", "--har", "x.har"), "there are 2 scenarios"),
        (("--host", "shop.example"), "--host has no effect without --scenario or --har"),
        (("--scenario", "away.toml"), "is not on this machine"),
        (("--access-log", "empty.log"), "has no request that can be sent again"),
        (("-t", "moon"), "there is no target 'moon'"),
        (("--patience", "0"), "0.0 is not in the range"),
        (("--time", "60"), "--quick and --time both set the duration"),
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
    started = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    deadline = time.monotonic() + 60
    while not (children := started.read_text().split()) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert children
    # What it killed is there until the machine's first process has taken note of it.
    while left := [child for child in children if Path(f"/proc/{child}").exists()]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
