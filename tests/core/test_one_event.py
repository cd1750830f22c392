"""The app's handler for `schedule`, called by a process of its own, as a CronJob does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ferryman.core.settings import RuntimeSettings

APP = """
import asyncio, os
import ferryman
from aiohttp import web

async def on_schedule(app, event):
    print("handled", *event["resources"], event["source"], os.environ["PLACE"], flush=True)
    if os.environ.get("HANG"):
        await asyncio.sleep(60)
    if os.environ.get("FAIL"):
        raise ValueError("no ink")

async def on_cleanup(app):
    print("cleaned up", flush=True)

def create_app():
    app = web.Application()
    app.on_cleanup.append(on_cleanup)
    if not os.environ.get("DEAF"):
        app[ferryman.triggers] = {"schedule": on_schedule}
    if os.environ.get("BROKEN"):
        app.on_startup.append(lambda _: 1 / 0)
    return app
"""


def start(tmp_path: Path, **variables: str) -> subprocess.Popen[str]:
    (tmp_path / "cards.py").write_text(APP, "utf-8")
    settings = RuntimeSettings("cards:create_app", "cards", "1", "server", settings={"PLACE": "x"})
    (tmp_path / "ferryman.json").write_text(settings.to_json(), "utf-8")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path), **variables}
    environment["FERRYMAN_SETTINGS"] = str(tmp_path / "ferryman.json")
    return subprocess.Popen(
        [sys.executable, "-m", "ferryman.core.one_event", "nightly"],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


@pytest.mark.parametrize(
    ("variable", "status", "said"),
    [
        ("", 0, ""),
        ("FAIL", 1, "the handler of 'schedule' raised ValueError"),
        ("DEAF", 1, "no handler for events of the kind 'schedule'"),
        ("BROKEN", 3, "the application raised ZeroDivisionError while it started up"),
    ],
)
def test_the_exit_status_says_how_it_went(
    tmp_path: Path, variable: str, status: int, said: str
) -> None:
    process = start(tmp_path, **({variable: "1"} if variable else {}))
    out, err = process.communicate(timeout=30)
    assert process.returncode == status, err
    assert said in err
    assert "Traceback" not in err.partition("error:")[0]
    assert ("handled nightly aws.events x" in out) is (variable in ("", "FAIL"))
    assert ("cleaned up" in out) is (variable != "BROKEN")


@pytest.mark.parametrize("interrupts", [signal.SIG_DFL, signal.SIG_IGN])
def test_one_that_is_told_to_stop_cleans_up(tmp_path: Path, interrupts: signal.Handlers) -> None:
    before = signal.signal(signal.SIGINT, interrupts)  # which the process inherits
    process = start(tmp_path, HANG="1")
    signal.signal(signal.SIGINT, before)
    assert process.stdout
    assert "handled" in process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, "cleaned up" in out) == (1, True)
    assert err == "error: the schedule nightly was told to stop before it was handled\n"
