"""Runs a test suite on the app and the packages in an artifact, not on the installed ones.

pytest, its plugins and ferryman itself come from this environment. A new process imports everything
else in the artifact from there, because it finds the artifact first.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import NoReturn

from ferryman.local.emulator import unpack
from ferryman.local.lambda_.artifact_function import for_this_machine
from ferryman.project.resolution import resolve_project
from ferryman.project.setting_sources import find_project
from ferryman.targets.lambda_.bundle import build_bundle
from ferryman.targets.registry import installed_targets

__all__ = ("VARIABLE", "prefer_artifact", "start_on_artifact")

VARIABLE = "FERRYMAN_SUITE_ARTIFACT"
"""The variable that tells a process where the artifact is."""

_OWNER = "FERRYMAN_SUITE_OWNER"
"""The variable with the id of the process that removes the artifact: pytest's first one."""


def start_on_artifact(root: Path, arguments: Sequence[str]) -> NoReturn:
    """Build the zip for this machine, and replace this process by pytest on its contents.

    Args:
        root: A directory in the project.
        arguments: The arguments of pytest.

    Raises:
        FerrymanError: The zip cannot be built.
    """
    options = {name: target.options for name, target in installed_targets().items()}
    project = for_this_machine(resolve_project(find_project(root), options))
    scratch = Path(tempfile.mkdtemp(prefix="ferryman-"))
    try:
        artifact = build_bundle(project, scratch / "bundle", lambda _: None)
        task = scratch / "task"
        unpack(Path(artifact.path), task)
        shutil.rmtree(task / "ferryman")  # the suite needs the installed ferryman, not its runtime
        path = os.pathsep.join(filter(None, (str(task), os.environ.get("PYTHONPATH"))))
        own = {VARIABLE: str(task), _OWNER: str(os.getpid()), "PYTHONPATH": path}
        command = [sys.executable, "-m", "pytest", *arguments]
        os.execve(sys.executable, command, {**os.environ, **own})
    finally:  # nothing after `execve` runs: it did not succeed
        shutil.rmtree(scratch, ignore_errors=True)


def prefer_artifact(task: str) -> None:
    """Have Python find the artifact's modules before those of the project's directory.

    The process that `start_on_artifact` replaced removes the artifact when it ends.
    """
    sys.meta_path.insert(0, _ArtifactFinder(task))
    if os.environ.get(_OWNER) == str(os.getpid()):
        atexit.register(shutil.rmtree, Path(task).parent, ignore_errors=True)


class _ArtifactFinder:
    def __init__(self, task: str) -> None:
        self._task = task

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the spec of a top-level module in the artifact, or None."""
        if path is not None or name == "ferryman":
            return None
        spec = PathFinder.find_spec(name, [self._task])
        return spec if spec and spec.origin else None
