"""Runs the check on an app that a test has written."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

from ferryman.portability.options import PortabilityOptions
from ferryman.portability.survey import Survey, survey
from ferryman.project.project import Project
from ferryman.project.resolution import resolve_project
from ferryman.targets.registry import installed_targets

EXAMPLES = Path(__file__).parent / "examples"


def project_of(root: Path, app: str, **settings: Any) -> Project:
    """Return an app's project, with the sections of all targets."""
    models = {name: target.options for name, target in installed_targets().items()}
    flags = {"app": app, **{key.replace("__", "."): value for key, value in settings.items()}}
    flags = {k: v if isinstance(v, int | str) else json.dumps(v) for k, v in flags.items()}
    return resolve_project(root, {**models, "portability": PortabilityOptions}, flags=flags)


def check(root: Path, app: str, *targets: str, **settings: Any) -> Survey:
    """Return what is found in an app, on all targets or some."""
    return survey(project_of(root, app, **settings), targets, None, lambda _: None)


def found_in(found: Survey) -> set[tuple[str, str]]:
    """Return each finding as its code and its place."""
    return {(finding.code, str(finding.place)) for finding in found.findings}


def planted_in(root: Path) -> set[tuple[str, str]]:
    """Return each trap of an app, which a comment names: `# M101` at the end of its line."""
    return {
        (code, f"{path.relative_to(root).as_posix()}:{number}")
        for path in root.rglob("*.py")
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        for comment in re.findall(r"  # ((?:[A-Z]+\d{3} ?)+)$", line)
        for code in comment.split()
    }


def copied(source: Path, into: Path) -> Path:
    """Return a copy of an app, for it may write beside itself."""
    return Path(shutil.copytree(source, into / "app"))
