"""A small slice of `make demo-migrate`: a real HAProxy, faults, and the command line."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from scripts.demo_migrate.faults import FAILS, WELL, run, side, visitors
from scripts.demo_migrate.processes import haproxy


async def test_a_side_that_fails_is_left_after_few_bad_answers(tmp_path: Path) -> None:
    outcome = await run(tmp_path / "run", FAILS, seed=3, needed=299)
    assert outcome.migration.phase == "returned"
    assert outcome.bad <= 8, "the simulation's 99th percentile is 4; a slow machine looks later"
    assert outcome.lost == 0


def migrate(*arguments: str, settings: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "ferryman", "migrate", *arguments)
    return subprocess.run(
        command, env=os.environ | settings, capture_output=True, text=True, timeout=300, check=False
    )


HYBRID = {
    "FERRYMAN_COST__REQUESTS": "30M",
    "FERRYMAN_COST__SHAPE": "office",
    "FERRYMAN_MIGRATE__SIDES": '{"old": {"target": "lambda"}, '
    '"new": {"target": "server", "platform": "ec2", "units": 2}}',
}


@pytest.fixture
def settings(tmp_path: Path) -> dict[str, str]:
    return {
        "FERRYMAN_MIGRATE__HAPROXY__SOCKET": str(tmp_path / "admin.sock"),
        "FERRYMAN_MIGRATE__STATE": str(tmp_path / "migration.json"),
        "FERRYMAN_MIGRATE__LOOK": "0.3",
        "FERRYMAN_MIGRATE__STEPS": "[50, 95]",
        "FERRYMAN_MIGRATE__TOLERATED_RATE": "0.05",
        "FERRYMAN_MIGRATE__OLD": "old",
        "FERRYMAN_MIGRATE__NEW": "new",
    }


async def test_the_verbs_one_after_the_other(tmp_path: Path, settings: dict[str, str]) -> None:
    directory = ("-C", str(tmp_path))
    seen: Counter[str] = Counter()

    async def run_verb(*arguments: str) -> subprocess.CompletedProcess[str]:
        return await asyncio.to_thread(migrate, *arguments, *directory, settings=settings)

    async with (
        side(WELL, random.Random(1)) as old,
        side(WELL, random.Random(2)) as new,
        haproxy(tmp_path, {"old": old, "new": new}) as (front, _, _log),
        visitors(front, seen),
    ):
        first = await run_verb("shift", "--once")
        assert first.returncode == 0, first.stderr
        assert "new has 50 %" in first.stderr
        paused = await run_verb("pause", "--reason", "lunch")
        assert paused.returncode == 0
        refused = await run_verb("shift")
        assert (refused.returncode, "paused at 50 %: lunch" in refused.stderr) == (2, True)
        done = await run_verb("resume")
        assert done.returncode == 0, done.stderr
        status = json.loads((await run_verb("status", "--json")).stdout)
        assert (status["phase"], status["weight"], status["live"]) == ("holding", 95, 95)
        assert (await run_verb("finish")).returncode == 0
        again = await run_verb("shift")
        assert again.returncode == 2
        assert "--from new --to old" in again.stderr
        back = await run_verb("shift", "--from", "new", "--to", "old", "--stop-at", "50")
        assert back.returncode == 0, back.stderr
        settings.update(HYBRID)
        week = json.loads((await run_verb("follow", "--show", "--json")).stdout)
        assert (len(week["percentages"]), week["servers"]) == (168, 2)
        followed = await run_verb("follow", "--once")
        assert followed.returncode == 0, followed.stderr
        status = json.loads((await run_verb("status", "--json")).stdout)
        # Two servers carry all of it, so that Lambda keeps the least; one move has 20 points.
        assert (status["phase"], status["weight"], status["live"]) == ("holding", 30, 30)
        assert (await run_verb("rollback")).returncode == 0
        text = (await run_verb("status")).stdout
        assert "new to old: returned" in text
        assert (await run_verb("shift", "--once")).returncode == 1
    assert seen["lost"] == 0
    assert seen["200"] == seen.total()
