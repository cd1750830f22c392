"""Runs an artifact as a local function: a zip that was built for this machine.

Its own bootstrap starts it, as on Lambda, with a Python that sees only the zip and the standard
library. Files that a build left out are missing here too.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from ferryman.local.emulator import host_architecture, host_python, isolate_python, unpack
from ferryman.local.lambda_.function_settings import FunctionSettings
from ferryman.project.project import Project
from ferryman.records.progress import Progress
from ferryman.targets.lambda_.bundle import BOOTSTRAP, HANDLER, build_bundle
from ferryman.targets.lambda_.options import LambdaOptions

__all__ = ("artifact_function", "build_function", "for_this_machine")


def for_this_machine(project: Project) -> Project:
    """Return a project whose zip runs here, on this machine's platform."""
    options = project.section("lambda", LambdaOptions)
    # Here no runtime has the packages that Lambda's has.
    update = {"architecture": host_architecture(), "provided": ()}
    here = options.model_copy(update=update)
    return replace(
        project,
        fields=project.fields.model_copy(update={"python": host_python()}),
        sections={**project.sections, "lambda": here},
    )


def build_function(
    project: Project,
    scratch: Path,
    progress: Progress,
    *,
    streaming: bool | None = None,
    variables: Mapping[str, str] | None = None,
    snapshot: bool = False,
) -> FunctionSettings:
    """Build a project's zip for this machine, and return it as a function.

    Args:
        project: The project.
        scratch: A directory for the zip and its files. It replaces those of an earlier build.
        progress: Called with each step.
        streaming: Whether responses are streamed; None for the project's setting.
        variables: Environment variables in addition to those of this process.
        snapshot: Whether environments start as SnapStart does.

    Raises:
        FerrymanError: The zip cannot be built.
    """
    here = for_this_machine(project)
    if streaming is not None:
        options = here.section("lambda", LambdaOptions)
        chosen = options.model_copy(update={"streaming": streaming})
        here = replace(here, sections={**here.sections, "lambda": chosen})
    artifact = build_bundle(here, scratch / "bundle", progress)
    function = artifact_function(here, Path(artifact.path), scratch)
    given = {**function.variables, **(variables or {})}
    return replace(function, variables=given, snapshot=snapshot)


def artifact_function(project: Project, bundle: Path, scratch: Path) -> FunctionSettings:
    """Unpack a zip that was built for this machine, and return it as a function.

    Args:
        project: The zip's project.
        bundle: The zip.
        scratch: A directory for its files.
    """
    task = scratch / "task"
    shutil.rmtree(task, ignore_errors=True)
    unpack(bundle, task)
    passed = {k: v for k, v in os.environ.items() if not k.startswith(("FERRYMAN_", "PYTHON"))}
    options = project.section("lambda", LambdaOptions)
    return FunctionSettings(
        command=(str(task / BOOTSTRAP), str(isolate_python(scratch))),
        directory=task,
        variables=passed,
        name=project.fields.name,
        handler=HANDLER,
        memory=options.memory,
        timeout=float(options.timeout),
    )
