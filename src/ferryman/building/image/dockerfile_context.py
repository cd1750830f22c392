"""Writes a Dockerfile and its context, and builds it with a container tool if asked to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from ferryman.building.app_files import SourceFile, copy_files, runtime_files
from ferryman.building.app_parts import AppParts, gather_app
from ferryman.building.artifact import Artifact, describe, staged
from ferryman.building.dependencies import AIOHTTP
from ferryman.building.image.container_registry import resolve_digest
from ferryman.building.image.dockerfile import Dockerfile, render_dockerfile
from ferryman.building.image.labels import date_of_build, label_image
from ferryman.building.image.plan import ImagePlan
from ferryman.building.image.pushing import check_reference
from ferryman.building.image.tools import build_with, find_tool
from ferryman.building.installable import REQUIREMENTS, WHEELS, pin_installable
from ferryman.building.native_files import check_native_files, native_machine
from ferryman.building.resolution_cache import found_lately
from ferryman.building.start_check import Trial, Verdict, try_app
from ferryman.core.errors import ConfigError
from ferryman.core.settings import SETTINGS_FILE
from ferryman.project.project import Project

__all__ = ("build_context", "default_base", "write_context")

_GO_NAMES = {"x86_64": "amd64"}

Progress = Callable[[str], None]


def default_base(project: Project) -> str:
    """Return the image to build on if the project names none."""
    return f"python:{project.fields.python}-slim"


def write_context(
    project: Project,
    plan: ImagePlan,
    out: Path,
    progress: Progress,
    more: Callable[[bool], Mapping[str, str]],
    use: Callable[[Path], None] = lambda _: None,
) -> tuple[AppParts, Verdict]:
    """Write the files of a context into the directory `out`, completely or not at all.

    Args:
        project: The project.
        plan: The target's plan of its image.
        out: The directory.
        progress: Called with each step.
        more: Returns the texts of further files by name; its argument is whether there are wheels
            beside the requirements.
        use: Uses the files; if it fails, they are removed.

    Returns:
        The app's parts; and how far the app was tried, with the skipped steps.

    Raises:
        AppError: The app's module or attribute does not exist.
        ConfigError: A setting is wrong, or the requirements contradict each other.
        BuildError: The requirements could not be resolved.
    """
    settings = {f"app/{SETTINGS_FILE}": plan.settings.to_json()}
    with staged(out) as stage, TemporaryDirectory(dir=stage.parent) as scratch:
        gathered = plan.hold(gather_app(project, Path(scratch), progress), project.root)
        python = project.fields.python
        check_native_files(gathered.files, python)
        progress(f"pinning dependencies for Python {python}")
        capability = f"ferryman.targets.{plan.package}.runtime.capability"
        ours = (AIOHTTP, *plan.requirements)
        app, pinned = pin_installable(gathered, ours, python, project.root, Path(scratch))
        copy_files((*runtime_files(plan.package), *app.own), stage / "app")
        copy_files((SourceFile(path, f"{WHEELS}/{path.name}") for path in pinned.wheels), stage)
        texts = {REQUIREMENTS: pinned.text, **settings, **more(bool(pinned.wheels))}
        for name, text in texts.items():
            (stage / name).write_text(text, encoding="utf-8")
        _let_all_read(stage)
        verdict = try_app(project, app, Trial(stage / "app", capability), Path(scratch), progress)
        use(stage)
    return app, Verdict(verdict.tried, (*app.notes, *verdict.notes))


def build_context(
    project: Project,
    target: str,
    plan: ImagePlan,
    base: str,
    out: Path,
    progress: Progress,
    architecture: str = "",
) -> Artifact:
    """Write a Dockerfile and its context; build and push the image if asked to.

    Args:
        project: The project.
        target: The target's name.
        plan: The target's plan of its image.
        base: The image to build on.
        out: The directory to write, completely or not at all.
        progress: Called with each step.
        architecture: Go's name of the processor; by default the tool's own.

    Raises:
        AppError: The app's module or attribute does not exist.
        ConfigError: A setting is wrong, the requirements contradict each other, or there is
            no such tool.
        BuildError: The requirements could not be resolved, or the tool failed.
    """
    options, fields = plan.options, project.fields
    asked = options.build and options.tool != "none"
    if options.push:
        check_reference(options.push)
    tool = find_tool(options.tool) if asked else ""
    file = Dockerfile(
        name=fields.name,
        tag=fields.version,
        base=_pinned(base),
        module=plan.module,
        arguments=plan.arguments,
        ports=plan.ports,
        health=plan.health,
        labels=label_image(project, date_of_build()),
    )
    digests = []

    def build(stage: Path) -> None:
        if tool:
            names = (f"{fields.name}:{fields.version}",)
            made = build_with(
                tool, stage, names, architecture=architecture, push=options.push, progress=progress
            )
            digests.append(made)

    def texts(wheels: bool) -> dict[str, str]:
        return {"Dockerfile": render_dockerfile(replace(file, wheels=wheels))}

    app, verdict = write_context(project, plan, out, progress, texts, build)
    described = describe(
        target=target,
        name=fields.name,
        version=fields.version,
        path=out,
        start=f"python -m {plan.module}",
        left_out=tuple(map(str, app.left_out)),
    )
    name = plan.options.push or f"{fields.name}:{fields.version}"
    machine = native_machine(app.own)
    platform = ("--platform", f"linux/{_GO_NAMES.get(machine, machine)}") if machine else ()
    made = ("docker", "build", *platform, "-t", name, str(out))
    described = replace(
        described,
        lacks=verdict.notes,
        tried=verdict.tried,
        runs_on=f"Python {fields.python}, {architecture or machine or 'any processor'}",
        next=() if tool else (made, ("docker", "push", name)),
    )
    return replace(described, digest=digests[0]) if digests else described


def _let_all_read(directory: Path) -> None:
    """Give files and directories the modes that umask 022 gives.

    The image runs as another user than the one who copied them into it.
    """
    for path in directory.rglob("*"):
        executable = path.is_dir() or path.stat().st_mode & 0o100
        path.chmod(0o755 if executable else 0o644)


def _pinned(base: str) -> str:
    """Return a base with its digest, if its registry reports it."""
    if "@" in base:
        return base
    with TemporaryDirectory() as scratch:
        digest = found_lately("base-images", base, Path(scratch), lambda: _digest(base))
    return f"{base}@{digest}" if digest else base


def _digest(base: str) -> str | None:
    try:
        return resolve_digest(base)
    except ConfigError:  # oras is not installed
        return None
