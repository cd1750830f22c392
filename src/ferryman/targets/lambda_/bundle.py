"""Builds the zip for a managed Python runtime of AWS Lambda.

It holds the app, its dependencies for the runtime's own platform, ferryman's runtime
half and the baked settings. The same input gives the same bytes.
"""

from __future__ import annotations

import errno
import tempfile
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from ferryman.core.build.app_parts import gather_app
from ferryman.core.build.artifact import Artifact, describe, staged
from ferryman.core.build.bytecode import find_interpreter
from ferryman.core.build.dependencies import AIOHTTP
from ferryman.core.build.import_profile import ImportProfile
from ferryman.core.build.own_files import OwnFiles
from ferryman.core.build.packages import Packages, Recipe, files_in, prepare_packages
from ferryman.core.build.project import Project
from ferryman.core.build.report import Report, largest_packages
from ferryman.core.build.siblings import check_siblings, missing_imports
from ferryman.core.build.sources import import_root, runtime_files
from ferryman.core.build.target import Progress
from ferryman.core.errors import BuildError, ConfigError
from ferryman.core.settings import SETTINGS_FILE
from ferryman.targets.lambda_.archive import explain_archive, write_archive
from ferryman.targets.lambda_.at_once import pack_modules
from ferryman.targets.lambda_.import_check import check_import, time_import
from ferryman.targets.lambda_.options import LambdaOptions, deployed
from ferryman.targets.lambda_.runtime.start import MODULES
from ferryman.targets.lambda_.runtimes import PROVIDED, is_this_machine, managed_platform
from ferryman.targets.lambda_.template import TEMPLATE_FILE, function_template

__all__ = (
    "BOOTSTRAP",
    "HANDLER",
    "RUNTIME_CLIENT",
    "build_bundle",
    "build_explained",
    "profile_bundle",
)

HANDLER = "ferryman.targets.lambda_.runtime.entry.handler"
"""The handler setting of the function."""

BOOTSTRAP = "bootstrap"
"""The program that starts the runtime, where `AWS_LAMBDA_EXEC_WRAPPER` names it."""

# Lambda passes its own command to a wrapper, which may run another in its place: "Modifying
# the runtime environment", in the AWS Lambda developer guide.
# A program is started sooner than a module is found: `-m` imports what finds it.
_BOOTSTRAP_SCRIPT = """\
#!/bin/sh
exec "$1" "${{0%/*}}/{start}"
"""

_START = "ferryman/targets/lambda_/runtime/start.py"

RUNTIME_CLIENT = "awslambdaric>=4,<5"
"""AWS's client, as a line of a requirements file."""

# Where Lambda unpacks the bundle, and so what tracebacks show.
_TASK = "/var/task"

# AWS has boto3 there, whether the app asks for it or not.
_IN_EVERY_RUNTIME = ("boto3", "botocore", "jmespath", "dateutil", "s3transfer", "six", "urllib3")

# "Lambda quotas": a function's code, unzipped, with all its layers.
_UNPACKED_LIMIT = 250 * 1024 * 1024


def build_bundle(project: Project, out: Path, progress: Progress) -> Artifact:
    """Write `<name>.zip` and its template into the directory `out`, whole or not at all.

    Raises:
        AppError: The app's module or attribute does not exist, or its import fails.
        ConfigError: A setting is wrong, or there are no wheels that fit.
        BuildError: The dependencies could not be installed, or the disk is full.
    """
    artifact, _ = build_explained(project, out, progress)
    return artifact


def build_explained(project: Project, out: Path, progress: Progress) -> tuple[Artifact, Report]:
    """Write the zip as `build_bundle` does, and tell what takes the space in it."""
    name = f"{project.fields.name}.zip"
    try:
        with staged(out) as stage, tempfile.TemporaryDirectory(dir=stage.parent) as scratch:
            contents, lacks = _write(project, stage / name, Path(scratch), progress)
            template = function_template(project, name, HANDLER, f"{_TASK}/{BOOTSTRAP}")
            (stage / TEMPLATE_FILE).write_text(template, encoding="utf-8")
        report = explain_archive(out / name, *contents)
    except OSError as error:
        raise BuildError(
            f"the bundle could not be written to {out}",
            cause=error.strerror or str(error),
            hint="make room on the disk" if error.errno == errno.ENOSPC else None,
        ) from error
    artifact = describe(
        target="lambda",
        name=project.fields.name,
        version=project.fields.version,
        path=out / name,
        start=HANDLER,
    )
    unpacked = sum(one.unpacked for one in report.packages)
    return replace(artifact, unpacked=unpacked, lacks=lacks), report


def profile_bundle(project: Project, artifact: Artifact) -> ImportProfile:
    """Import the app from a finished bundle, and return what its imports cost.

    Raises:
        ConfigError: This machine cannot run the bundle.
        BuildError: The app cannot be imported.
    """
    options = project.section("lambda", LambdaOptions)
    python = project.fields.python
    interpreter = find_interpreter(python)
    if interpreter is None or not is_this_machine(options.architecture):
        raise ConfigError(
            "the imports cannot be timed here",
            cause=f"this machine does not run Python {python} on {options.architecture}",
            hint="build for this machine: pass --python and --set lambda.architecture=...",
        )
    with tempfile.TemporaryDirectory() as task, zipfile.ZipFile(artifact.path) as archive:
        archive.extractall(task)
        return time_import(interpreter, Path(task), project.app.module)


def _write(
    project: Project, path: Path, scratch: Path, progress: Progress
) -> tuple[tuple[Mapping[str, str], Packages, tuple[str, ...]], tuple[str, ...]]:
    """Write the zip; return the owner of each file, the packages and notes, and what it lacks."""
    options = project.section("lambda", LambdaOptions)
    platform = managed_platform(project.fields.python, options.architecture)
    app = gather_app(project, scratch, progress)
    recipe = Recipe(
        platform=platform,
        location=_TASK,
        keep=options.keep,
        drop=options.drop,
        omit=(*app.shipped, *(name for group in options.provided for name in PROVIDED[group])),
    )
    requirements = (AIOHTTP, RUNTIME_CLIENT, *app.requirements)
    packages = prepare_packages(
        requirements, recipe, root=project.root, scratch=scratch, progress=progress
    )
    check_siblings(app.files, import_root(project), project.root, packages.owners)
    own = OwnFiles(scratch / "own", find_interpreter(platform.python), _TASK)
    own.add_runtime(runtime_files("lambda_"), scratch)
    own.add_app(app.files, project.fields.name)
    own.add_text(SETTINGS_FILE, project.baked("lambda", deployed(options)).to_json())
    start = _add_start(own, files_in(packages.tree))
    files = files_in(packages.tree) | files_in(own.directory)
    owners = packages.owners | own.owners
    _check_size(files, owners)
    progress("packing the zip")
    with ThreadPoolExecutor(1) as thread:  # an interpreter, and a compressor: neither holds us up
        packed = thread.submit(write_archive, files, path)
        untried = _check_import(options, platform.python, own, packages, progress)
        packed.result()
    if untried:
        untried = (*untried, *missing_imports(app.files, (*owners, *_IN_EVERY_RUNTIME)))
    lacks = (*packages.lacks, *untried)
    return (owners, packages, (*packages.notes, *start, *lacks)), lacks


def _add_start(own: OwnFiles, packages: dict[str, Path]) -> tuple[str, ...]:
    """Add what starts the runtime, and what it reads at once; return what there is to say of it."""
    if own.interpreter is None:
        own.add_text(BOOTSTRAP, _BOOTSTRAP_SCRIPT.format(start=_START), executable=True)
        return ()
    modules = pack_modules(packages | files_in(own.directory), own.interpreter.tag)
    own.add_bytes(MODULES, modules)
    own.add_text(BOOTSTRAP, _BOOTSTRAP_SCRIPT.format(start=f"{_START}c"), executable=True)
    return (
        f"{len(modules) / 1024:.0f} KiB of modules are in {MODULES} too: a start reads it at once",
    )


def _check_import(
    options: LambdaOptions, python: str, own: OwnFiles, packages: Packages, progress: Progress
) -> tuple[str, ...]:
    """Import the app where that can be done, and say so where it cannot."""
    if not options.check:
        return ()
    if own.interpreter is None or not is_this_machine(options.architecture):
        runs = f"Python {python} on {options.architecture}"
        return (f"the app's import was not tried: this machine does not run {runs}",)
    progress("importing the app from the bundle")
    check_import(own.interpreter, (own.directory, packages.tree))
    return ()


def _check_size(files: Mapping[str, Path], owners: Mapping[str, str]) -> None:
    sizes = {place: path.stat().st_size for place, path in files.items()}
    total = sum(sizes.values())
    if total > _UNPACKED_LIMIT:
        raise ConfigError(
            f"the bundle would be {total / 2**20:.0f} MiB unpacked; Lambda takes 250",
            cause=f"the largest parts are {largest_packages(sizes, owners)}",
            hint="drop a dependency or, by drop in [tool.ferryman.lambda], files of one; "
            "or run the app on another target",
        )
