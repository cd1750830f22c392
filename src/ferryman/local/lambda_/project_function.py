"""Runs a project's sources as a local function, without a build.

It starts the runtime that ships. This interpreter imports the app from the project's directory, so
the next start sees each changed file.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ferryman.building.app_files import import_root
from ferryman.core.settings import SETTINGS_VARIABLE
from ferryman.local.lambda_.function_settings import FunctionSettings
from ferryman.local.needed_packages import need_lambda_client
from ferryman.project.project import Project
from ferryman.targets.lambda_.bundle import HANDLER
from ferryman.targets.lambda_.options import LambdaOptions, deployed

__all__ = ("plan_function",)

_RUNTIME = "ferryman.targets.lambda_.runtime"
_AHEAD = "ferryman.local.lambda_.prestart"
_NEW_ACCOUNT = 10


def plan_function(
    project: Project,
    settings_file: Path,
    *,
    streaming: bool | None = None,
    variables: Mapping[str, str] | None = None,
    environments: int | None = None,
    snapshot: bool = False,
    ahead: bool = False,
) -> FunctionSettings:
    """Write the settings that a build would bake, and return the function.

    Args:
        project: The project.
        settings_file: The file to write the baked settings to.
        streaming: Whether responses are streamed; None for the project's setting.
        variables: Environment variables in addition to those of this process.
        environments: The most environments at once; None for the project's reserved concurrency,
            or 10.
        snapshot: Whether environments start as with SnapStart.
        ahead: Whether a spare process is started ahead, and waits for the next save.

    Raises:
        ConfigError: The project names no app, or AWS's client is not installed.
    """
    need_lambda_client()
    options = project.section("lambda", LambdaOptions)
    baked = {**deployed(options)}
    if streaming is not None:
        baked["streaming"] = streaming
    settings_file.write_text(project.baked("lambda", baked).to_json(), encoding="utf-8")
    passed = {k: v for k, v in os.environ.items() if not k.startswith("FERRYMAN_")}
    path = os.pathsep.join(filter(None, [str(import_root(project)), passed.get("PYTHONPATH")]))
    return FunctionSettings(
        command=(sys.executable, "-m", _AHEAD if ahead else _RUNTIME, HANDLER),
        directory=project.root,
        variables={
            **passed,
            **(variables or {}),
            "PYTHONPATH": path,
            SETTINGS_VARIABLE: str(settings_file),
        },
        name=project.fields.name,
        handler=HANDLER,
        memory=options.memory,
        timeout=float(options.timeout),
        environments=_environments(options) if environments is None else environments,
        snapshot=snapshot,
        ahead=ahead,
    )


def _environments(options: LambdaOptions) -> int:
    """Return the reserved concurrency, or the limit of a new AWS account."""
    reserved = options.deploy.reserved_concurrency
    return _NEW_ACCOUNT if reserved is None else reserved
