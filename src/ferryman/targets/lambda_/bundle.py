"""Builds the zip for a managed Python runtime of AWS Lambda.

The zip contains the app, its dependencies for the runtime's platform, ferryman's runtime and the
baked settings. The same input gives the same bytes.
"""

from __future__ import annotations

import errno
import hashlib
import tempfile
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from ferryman.building.app_files import runtime_files
from ferryman.building.app_parts import AppParts, gather_app, resolve_parts
from ferryman.building.artifact import Artifact, describe, staged
from ferryman.building.bytecode import find_interpreter
from ferryman.building.contents_report import Report, largest_packages
from ferryman.building.dependencies import AIOHTTP
from ferryman.building.import_profile import ImportProfile
from ferryman.building.import_scan import missing_imports
from ferryman.building.native_files import check_native_files
from ferryman.building.own_files import OwnFiles
from ferryman.building.packages import Packages, Recipe, files_in, prepare_packages
from ferryman.building.start_check import Trial, Verdict, try_app
from ferryman.core.errors import BuildError, ConfigError
from ferryman.core.settings import SETTINGS_FILE
from ferryman.project.project import Project
from ferryman.records.progress import Progress
from ferryman.records.wording import size_text
from ferryman.targets.lambda_.archive import explain_archive, pack_modules, write_archive
from ferryman.targets.lambda_.deploying.specification import HANDLER, template_text
from ferryman.targets.lambda_.import_timing import time_import
from ferryman.targets.lambda_.options import LambdaOptions, deployed
from ferryman.targets.lambda_.runtime.start import MODULES
from ferryman.targets.lambda_.runtimes import PROVIDED, is_this_machine, managed_platform

__all__ = (
    "BOOTSTRAP",
    "HANDLER",
    "RUNTIME_CLIENT",
    "build_bundle",
    "build_explained",
    "profile_bundle",
)

TEMPLATE_FILE = "template.json"
"""The template's name, beside the zip."""

BOOTSTRAP = "ferryman/bootstrap"
"""The program that starts the runtime, if `AWS_LAMBDA_EXEC_WRAPPER` names it. It is in ferryman's
package, because a project may have a package named bootstrap."""

# Lambda passes its own command to a wrapper, which may run another one instead: "Modifying the
# runtime environment", in the AWS Lambda developer guide. The script starts a file, because `-m`
# would first import what finds a module.
_BOOTSTRAP_SCRIPT = """\
#!/bin/sh
exec "$1" "${{0%/*}}/{start}"
"""

_START = "targets/lambda_/runtime/start.py"  # from there

RUNTIME_CLIENT = "awslambdaric>=4,<5"
"""AWS's client, as a line of a requirements file."""

# Where Lambda unpacks the bundle; tracebacks show it.
_TASK = "/var/task"

# The modules that start the runtime, with AWS's client.
_STARTED = (
    "ferryman.targets.lambda_.runtime.__main__",
    "ferryman.targets.lambda_.runtime.client",
)

# Every managed runtime has boto3, whether the app requires it or not.
_IN_EVERY_RUNTIME = ("boto3", "botocore", "jmespath", "dateutil", "s3transfer", "six", "urllib3")

# "Lambda quotas": a function's unzipped code with all its layers; and its zip, if it is uploaded in
# the request and not to S3.
_UNPACKED_LIMIT = 250 * 1024 * 1024
_UPLOAD_LIMIT = 50 * 1024 * 1024

_SMALLER = "set slim = true in [tool.ferryman.lambda], or leave out files with drop"


def build_bundle(project: Project, out: Path, progress: Progress) -> Artifact:
    """Write `<name>.zip` and its template into the directory `out`, completely or not at all.

    Raises:
        AppError: The app's module or attribute does not exist, or its import fails.
        ConfigError: A setting is wrong, or there are no wheels that fit.
        BuildError: The dependencies could not be installed, or the disk is full.
    """
    artifact, _ = build_explained(project, out, progress)
    return artifact


def build_explained(project: Project, out: Path, progress: Progress) -> tuple[Artifact, Report]:
    """Write the zip as `build_bundle` does, and report what takes up space in it."""
    name = f"{project.fields.name}.zip"
    try:
        with staged(out) as stage, tempfile.TemporaryDirectory(dir=stage.parent) as scratch:
            contents = _write(project, stage / name, Path(scratch), progress)
            digest = hashlib.sha256((stage / name).read_bytes()).hexdigest()
            (stage / TEMPLATE_FILE).write_text(template_text(project, digest), encoding="utf-8")
        report = explain_archive(out / name, contents.owners, contents.packages, contents.told)
    except OSError as error:
        raise BuildError(
            f"the bundle could not be written to {out}",
            cause=error.strerror or str(error),
            hint="free some disk space" if error.errno == errno.ENOSPC else None,
        ) from error
    artifact = describe(
        target="lambda",
        name=project.fields.name,
        version=project.fields.version,
        path=out / name,
        start=HANDLER,
        left_out=contents.left_out,
    )
    unpacked = sum(one.unpacked for one in report.packages)
    options = project.section("lambda", LambdaOptions)
    artifact = replace(
        artifact,
        unpacked=unpacked,
        lacks=(*contents.verdict.notes, *_too_large_to_send(artifact.size, report)),
        tried=contents.verdict.tried,
        runs_on=f"Python {project.fields.python}, {options.architecture}",
        next=(("ferryman", "serve", "-t", "lambda"),),
    )
    return artifact, report


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


@dataclass(frozen=True, slots=True)
class _Contents:
    """The contents of a zip.

    Attributes:
        owners: The owner of each file, by its place.
        packages: The packages in it.
        told: Notes on the build.
        verdict: How far the build tested the app.
        left_out: Files of the project that are not in the zip.
    """

    owners: Mapping[str, str]
    packages: Packages
    told: tuple[str, ...]
    verdict: Verdict
    left_out: tuple[str, ...]


def _write(project: Project, path: Path, scratch: Path, progress: Progress) -> _Contents:
    """Write the zip."""
    options = project.section("lambda", LambdaOptions)
    platform = managed_platform(project.fields.python, options.architecture)
    recipe = Recipe(
        platform=platform,
        location=_TASK,
        keep=options.keep,
        drop=options.drop,
        slim=options.slim,
        omit=tuple(name for group in options.provided for name in PROVIDED[group]),
    )

    def prepare(lines: tuple[str, ...], shipped: tuple[str, ...]) -> Packages:
        wanted = replace(recipe, omit=(*shipped, *recipe.omit))
        return prepare_packages(
            lines, wanted, root=project.root, scratch=scratch, progress=progress
        )

    gathered = gather_app(project, scratch, progress)
    client = () if "awslambdaric" in options.provided else (RUNTIME_CLIENT,)
    app, packages = resolve_parts(gathered, (AIOHTTP, *client), prepare)
    check_native_files(app.files, platform.python, platform.wheels.partition("-")[0])
    own = OwnFiles(scratch / "own", find_interpreter(platform.python), _TASK)
    own.add_runtime(runtime_files("lambda_"), scratch)
    own.add_app(app.files, project.fields.name, scratch)
    own.add_text(SETTINGS_FILE, project.baked("lambda", deployed(options)).to_json())
    package_files = files_in(packages.tree)
    start = _add_start(own, package_files)
    own_files = files_in(own.directory)
    owners = packages.owners | own.owners
    _check_size(package_files | own_files, owners)
    progress("packing the zip")
    with ThreadPoolExecutor(1) as thread:  # an interpreter and a compressor run side by side
        packed = thread.submit(write_archive, package_files, own_files, path, scratch)
        verdict = _try(project, app, own, packages, scratch, progress)
        packed.result()
    untried: tuple[str, ...] = ()
    if "imported" not in verdict.tried:
        untried = missing_imports(app.modules, (*owners, *_IN_EVERY_RUNTIME))
    lacks = (*app.notes, *packages.lacks, *verdict.notes, *untried)
    told = (*packages.notes, *start, verdict.tried, *lacks)
    left_out = tuple(map(str, app.left_out))
    return _Contents(owners, packages, told, Verdict(verdict.tried, lacks), left_out)


def _add_start(own: OwnFiles, packages: dict[str, Path]) -> tuple[str, ...]:
    """Add the bootstrap and the file of modules that a start reads; return notes."""
    if own.interpreter is None:
        own.add_text(BOOTSTRAP, _BOOTSTRAP_SCRIPT.format(start=_START), executable=True)
        return ()
    modules = pack_modules(packages | files_in(own.directory), own.interpreter.tag)
    own.add_bytes(MODULES, modules)
    own.add_text(BOOTSTRAP, _BOOTSTRAP_SCRIPT.format(start=f"{_START}c"), executable=True)
    return (f"{size_text(len(modules))} of modules are in {MODULES} too: a start reads it at once",)


def _try(
    project: Project,
    app: AppParts,
    own: OwnFiles,
    packages: Packages,
    scratch: Path,
    progress: Progress,
) -> Verdict:
    """Start the app with the bundle's packages, or with this machine's if those do not run here."""
    options = project.section("lambda", LambdaOptions)
    missing = {name for group in options.provided for name in PROVIDED[group]}
    here = is_this_machine(options.architecture)
    trial = Trial(
        directory=own.directory,
        capability="ferryman.targets.lambda_.runtime.capability",
        packages=(packages.tree,) if here else (),
        modules=() if missing or not here else _STARTED,
        provided=tuple(sorted({*_IN_EVERY_RUNTIME, *missing})),
    )
    return try_app(project, app, trial, scratch, progress)


def _check_size(files: Mapping[str, Path], owners: Mapping[str, str]) -> None:
    sizes = {place: path.stat().st_size for place, path in files.items()}
    total = sum(sizes.values())
    if total > _UNPACKED_LIMIT:
        raise ConfigError(
            f"the bundle would have {size_text(total)} unpacked, and Lambda allows 250 MiB",
            cause=f"the largest parts are {largest_packages(sizes, owners)}",
            hint=f"{_SMALLER}; build an image (--image), which may have 10 GB; or run the "
            "app on another target",
        )


def _too_large_to_send(size: int, report: Report) -> tuple[str, ...]:
    """Return a note on a zip that Lambda accepts only from S3."""
    if size <= _UPLOAD_LIMIT:
        return ()
    largest = ", ".join(f"{one.name} {size_text(one.packed)}" for one in report.packages[:3])
    return (
        f"the zip has {size_text(size)}: Lambda accepts more than 50 MiB only from S3, where "
        f"`ferryman deploy` puts it. The largest parts are {largest}. To make it smaller, "
        f"{_SMALLER}",
    )
