"""The app whose cost is known, as a project, and a pace that tests have time for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tests.unmeasured import unmeasured

from ferryman.measure.estimates import summarize
from ferryman.measure.measuring import RUNNERS
from ferryman.measure.request import Request, Scenario
from ferryman.measure.rounds import Pace, Round, observe
from ferryman.project.project import Project
from ferryman.project.resolution import resolve_project
from ferryman.records.measurement import TargetFigures
from ferryman.targets.registry import installed_targets

BRISK = Pace(rounds=2, warm_up=0.1, batches=0.6, point=0.1, limit=0.0)

Observe = Callable[..., "tuple[Round, ...]"]


def subject(root: Path, app: str = "create_app") -> Path:
    """Write the app into a directory, as a project."""
    shutil.copy(Path(__file__).with_name("subject.py"), root / "subject.py")
    (root / "pyproject.toml").write_text(
        f'[project]\nname = "subject"\nversion = "1.0"\n[tool.ferryman]\napp = "subject:{app}"\n'
    )
    return root


def resolved(root: Path) -> Project:
    return resolve_project(root, {name: t.options for name, t in installed_targets().items()})


@pytest.fixture(autouse=True)
def unjoined(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep coverage out of what is measured: it takes CPU time and memory of its own."""
    for name in os.environ.keys() - unmeasured().keys():
        monkeypatch.delenv(name)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return resolved(subject(tmp_path))


async def rounds_of(
    project: Project, scratch: Path, target: str, *targets: str, pace: Pace = BRISK
) -> tuple[Sequence[Round], Scenario]:
    """Run a project on a target, and send it GET requests for these."""
    scenario = Scenario("test", tuple(Request("GET", each) for each in targets))
    runner = RUNNERS[target](project, scenario.requests, scratch, 10.0)
    return await observe(runner, scenario, pace, lambda _: None, lambda _: True), scenario


async def figures_of(
    project: Project, scratch: Path, target: str, *targets: str, pace: Pace = BRISK
) -> TargetFigures:
    """Return what is measured of these."""
    rounds, scenario = await rounds_of(project, scratch, target, *targets, pace=pace)
    return summarize(rounds, scenario)
