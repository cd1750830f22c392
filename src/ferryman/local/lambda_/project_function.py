"""A project as a local function: its app from where it stands, no build in between.

The runtime that is started is the one that ships; the app is imported from the project's
own directory, by this interpreter, so that a change of a file is there at the next start.
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
        settings_file: Where the baked settings are written.
        streaming: Whether responses are streamed; None for what the project says.
        variables: Variables besides those of this process.
        environments: How many environments there may be at once; None for the project's
            reserved concurrency, or 10.
        snapshot: Whether they start as SnapStart does.
        ahead: Whether one process more than is needed is started, and waits for a save.

    Raises:
        ConfigError: The project names no app, or AWS's client is not installed.
    """
    need_lambda_client()
    options = project.section("lambda", LambdaOptions)
    known = {**deployed(options)}
    if streaming is not None:
        known["streaming"] = streaming
    settings_file.write_text(project.baked("lambda", known).to_json(), encoding="utf-8")
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
    """Return how many requests may run at once: as on AWS, or as in an account that is new."""
    reserved = options.deploy.reserved_concurrency
    return _NEW_ACCOUNT if reserved is None else reserved
