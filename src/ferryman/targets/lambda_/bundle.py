"""Builds the zip that a managed Lambda runtime takes: app, dependencies, settings.

The same input gives the same bytes: files in the order of their names, one date for
all, and nothing of the machine it was built on.
"""

from __future__ import annotations

import tempfile
import zipfile
from dataclasses import fields
from pathlib import Path

from ferryman.core.build.artifact import Artifact, describe, staged
from ferryman.core.build.dependencies import (
    AIOHTTP,
    Platform,
    app_requirements,
    install_wheels,
)
from ferryman.core.build.project import Project
from ferryman.core.build.sources import app_files, copy_files, runtime_files
from ferryman.core.build.target import Progress
from ferryman.core.errors import ConfigError
from ferryman.core.settings import SETTINGS_FILE
from ferryman.targets.lambda_.options import LambdaOptions
from ferryman.targets.lambda_.runtime.options import EnvironmentOptions
from ferryman.targets.lambda_.runtimes import managed_platform

__all__ = ("BOOTSTRAP", "HANDLER", "build_bundle")

HANDLER = "ferryman.targets.lambda_.runtime.entry.handler"
"""The handler setting of the function."""

BOOTSTRAP = "bootstrap"
"""The program that starts the runtime, where `AWS_LAMBDA_EXEC_WRAPPER` names it."""

# Lambda passes its own command to a wrapper, which may run another in its place: "Modifying
# the runtime environment", in the AWS Lambda developer guide.
_BOOTSTRAP_SCRIPT = """\
#!/bin/sh
exec "$1" -m ferryman.targets.lambda_.runtime
"""

_RUNTIME_CLIENT = "awslambdaric>=4,<5"

# "Lambda quotas": a function's code, unzipped, with all its layers.
_UNPACKED_LIMIT = 250 * 1024 * 1024

# The oldest date that a zip can hold; any fixed one would do.
_DATE = (1980, 1, 1, 0, 0, 0)


def build_bundle(project: Project, out: Path, progress: Progress) -> Artifact:
    """Write `<name>.zip` into the directory `out`, whole or not at all.

    Raises:
        AppError: The app's module or attribute does not exist.
        ConfigError: A setting is wrong, or there are no wheels that fit.
        BuildError: The dependencies could not be installed.
    """
    options = project.section("lambda", LambdaOptions)
    platform = managed_platform(project.fields.python, options.architecture)
    name = f"{project.fields.name}.zip"
    with staged(out) as stage, tempfile.TemporaryDirectory(dir=stage.parent) as scratch:
        tree = Path(scratch)
        _fill(tree, project, platform, progress)
        _check_size(tree)
        progress("packing the zip")
        _pack(tree, stage / name)
    return describe(
        target="lambda",
        name=project.fields.name,
        version=project.fields.version,
        path=out / name,
        start=HANDLER,
    )


def _fill(tree: Path, project: Project, platform: Platform, progress: Progress) -> None:
    files = (*runtime_files("lambda_"), *app_files(project))
    requirements = (AIOHTTP, _RUNTIME_CLIENT, *app_requirements(project))
    progress(f"installing dependencies for {platform.wheels}, Python {platform.python}")
    install_wheels(requirements, platform, tree, root=project.root)
    copy_files(files, tree)
    settings = project.baked("lambda", _runtime_options(project.section("lambda", LambdaOptions)))
    (tree / SETTINGS_FILE).write_text(settings.to_json(), encoding="utf-8")
    (tree / BOOTSTRAP).write_text(_BOOTSTRAP_SCRIPT, encoding="ascii")
    (tree / BOOTSTRAP).chmod(0o755)


def _runtime_options(options: LambdaOptions) -> dict[str, object]:
    """Return what the runtime needs of the target's settings: those that it knows."""
    return {field.name: getattr(options, field.name) for field in fields(EnvironmentOptions)}


def _check_size(tree: Path) -> None:
    sizes: dict[str, int] = {}
    for path in tree.rglob("*"):
        if path.is_file():
            top = path.relative_to(tree).parts[0]
            sizes[top] = sizes.get(top, 0) + path.stat().st_size
    total = sum(sizes.values())
    if total > _UNPACKED_LIMIT:
        largest = sorted(sizes.items(), key=lambda item: -item[1])[:3]
        named = ", ".join(f"{name} {size / 2**20:.0f} MiB" for name, size in largest)
        raise ConfigError(
            f"the bundle would be {total / 2**20:.0f} MiB unpacked; Lambda takes 250",
            cause=f"the largest parts are {named}",
            hint="drop a dependency, or run the app on another target",
        )


def _pack(tree: Path, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as bundle:
        for file in sorted(file for file in tree.rglob("*") if file.is_file()):
            entry = zipfile.ZipInfo(file.relative_to(tree).as_posix(), _DATE)
            entry.create_system = 3  # Unix, whatever built it, so that the mode counts
            executable = file.stat().st_mode & 0o100
            entry.external_attr = (0o100755 if executable else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            bundle.writestr(entry, file.read_bytes())
