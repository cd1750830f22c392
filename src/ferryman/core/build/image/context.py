"""Writes a Dockerfile and its context, and has a tool build it where one is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from ferryman.core.build.app_parts import gather_app
from ferryman.core.build.artifact import Artifact, describe, staged
from ferryman.core.build.dependencies import AIOHTTP, pin_requirements
from ferryman.core.build.image.dockerfile import Dockerfile, render_dockerfile
from ferryman.core.build.image.labels import date_of_build, label_image
from ferryman.core.build.image.plan import ImagePlan
from ferryman.core.build.image.pushing import check_reference
from ferryman.core.build.image.registry import resolve_digest
from ferryman.core.build.image.tools import build_with, find_tool
from ferryman.core.build.project import Project
from ferryman.core.build.siblings import check_siblings
from ferryman.core.build.sources import copy_files, import_root, runtime_files
from ferryman.core.errors import ConfigError
from ferryman.core.settings import SETTINGS_FILE

__all__ = ("build_context", "default_base", "write_context")

Progress = Callable[[str], None]


def default_base(project: Project) -> str:
    """Return the image to build on where the project names none."""
    return f"python:{project.fields.python}-slim"


def write_context(
    project: Project,
    plan: ImagePlan,
    out: Path,
    progress: Progress,
    more: Mapping[str, str],
    use: Callable[[Path], None] = lambda _: None,
) -> None:
    """Write the files of a context into the directory `out`, whole or not at all.

    Args:
        project: The project.
        plan: What the target says of its image.
        out: The directory.
        progress: Told what is being done.
        more: The texts of further files, by their names.
        use: What is done with the files; if it fails, nothing is left.

    Raises:
        AppError: The app's module or attribute does not exist.
        ConfigError: A setting is wrong, or the requirements contradict each other.
        BuildError: The requirements could not be resolved.
    """
    settings = {f"app/{SETTINGS_FILE}": plan.settings.to_json()}
    with staged(out) as stage, TemporaryDirectory(dir=stage.parent) as scratch:
        app = gather_app(project, Path(scratch), progress)
        check_siblings(app.files, import_root(project), project.root)
        requirements = (AIOHTTP, *plan.requirements, *app.requirements)
        progress(f"pinning dependencies for Python {project.fields.python}")
        pinned = pin_requirements(
            requirements, project.fields.python, root=project.root, omit=app.shipped
        )
        texts = {"requirements.txt": pinned, **settings, **more}
        copy_files((*runtime_files(plan.package), *app.files), stage / "app")
        for name, text in texts.items():
            (stage / name).write_text(text, encoding="utf-8")
        use(stage)


def build_context(
    project: Project,
    target: str,
    plan: ImagePlan,
    base: str,
    out: Path,
    progress: Progress,
    architecture: str = "",
) -> Artifact:
    """Write a Dockerfile and its context, and build and push the image if that is asked for.

    Args:
        project: The project.
        target: The target's name.
        plan: What the target says of its image.
        base: The image to build on.
        out: The directory to write, whole or not at all.
        progress: Told what is being done.
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

    text = render_dockerfile(file)
    write_context(project, plan, out, progress, {"Dockerfile": text}, build)
    described = describe(
        target=target,
        name=fields.name,
        version=fields.version,
        path=out,
        start=f"python -m {plan.module}",
    )
    return replace(described, digest=digests[0]) if digests else described


@cache
def _pinned(base: str) -> str:
    """Return a base with its digest, where its registry tells that."""
    if "@" in base:
        return base
    try:
        digest = resolve_digest(base)
    except ConfigError:  # there is no oras to ask with
        digest = None
    return f"{base}@{digest}" if digest else base
