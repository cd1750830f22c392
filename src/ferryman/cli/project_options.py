"""The options that all verbs on a project share, and the project that they name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ferryman.cli.completed_values import complete_targets
from ferryman.core.errors import ConfigError
from ferryman.project.keys import OTHER_SECTIONS

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ferryman.project.project import Project
    from ferryman.targets.protocols import Target

__all__ = (
    "open_project",
    "open_target",
    "project_options",
    "project_target",
    "section_models",
    "target_option",
)

_Command = TypeVar("_Command", bound=Callable[..., Any])


def project_options(command: _Command) -> _Command:
    """Add `-C`, `--env`, `--app`, `--python` and `--set` to a command."""
    options = (
        click.option(
            *("-C", "--project", "directory"),
            type=click.Path(path_type=Path),
            help="The project's directory; by default the current one or the project around it.",
        ),
        click.option(
            "--env", "overlay", metavar="NAME", help="Use the overlay [tool.ferryman.env.NAME]."
        ),
        click.option(
            "--app", metavar="MODULE:ATTR", help="The application, such as shop:create_app."
        ),
        click.option(
            "--python", metavar="X.Y", help="The Python version to build for, such as 3.13."
        ),
        click.option(
            *("--set", "assignments"),
            multiple=True,
            metavar="KEY=VALUE",
            help="Set any setting, such as lambda.memory=1024; repeat for several.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def target_option(command: _Command) -> _Command:
    """Add `-t`, `--target` to a command; a project with a single target does not need it."""
    return click.option(
        *("-t", "--target"),
        metavar="TARGET",
        callback=_named_target,
        shell_complete=complete_targets,
        help="lambda, server or k8s; not needed if the project has a single target.",
    )(command)


def _named_target(context: click.Context, _: click.Parameter, named: str | None) -> str:
    # click reads given options first, so the directory is known.
    target = named or project_target(context.params.get("directory"))
    if target is None and not context.resilient_parsing:
        raise ConfigError(
            "no target was given",
            hint="pass -t lambda, -t server or -t k8s; for a project with one target, write"
            ' targets = ["lambda"] in [tool.ferryman.portability] of pyproject.toml',
        )
    return target or ""


def project_target(directory: Path | None) -> str | None:
    """Return the target of a project whose `portability.targets` name a single one.

    Args:
        directory: The project's; by default the current one, or the project that it is in.

    Raises:
        ConfigError: pyproject.toml cannot be read.
    """
    from ferryman.project.setting_sources import find_project, read_pyproject, table_layer

    table = table_layer(read_pyproject(directory or find_project(Path.cwd()))).values
    section = table.get("portability")
    named = section.get("targets") if isinstance(section, Mapping) else None
    names = {str(each).partition(":")[0] for each in named} if isinstance(named, list) else set()
    return names.pop() if len(names) == 1 else None


def open_project(
    directory: Path | None,
    overlay: str | None,
    app: str | None,
    python: str | None,
    assignments: tuple[str, ...],
    targets: Mapping[str, Target],
    *,
    whole: bool = False,
    wanted: Collection[str] = (),
) -> Project:
    """Resolve the project that a command's options name.

    Args:
        directory: Its directory; by default the current one, or the project that it is in.
        overlay: The name of the overlay.
        app: The application.
        python: The Python version to build for.
        assignments: Further keys, as `KEY=VALUE`.
        targets: The targets whose sections are read.
        whole: Whether to read all sections, also those that no source sets.
        wanted: Sections to read even if no source sets them.

    Raises:
        ConfigError: A file, a key or a value is wrong.
    """
    from ferryman.project.resolution import resolve_project
    from ferryman.project.setting_sources import find_project, named_sections

    flags = {"app": app, "python": python, **dict(_assignment(text) for text in assignments)}
    root = directory or find_project(Path.cwd())
    named = {key.partition(".")[0] for key in flags} & {*OTHER_SECTIONS}
    said = {*OTHER_SECTIONS} if whole else named | named_sections(root, OTHER_SECTIONS)
    return resolve_project(
        root,
        section_models(targets, said | {*wanted}),
        flags={key: value for key, value in flags.items() if value is not None},
        overlay=overlay,
    )


def section_models(
    targets: Mapping[str, Target], others: Collection[str] = OTHER_SECTIONS
) -> dict[str, type[BaseModel]]:
    """Return the models of the sections: of each target, and of other wanted sections."""
    models = {name: target.options for name, target in targets.items()}
    if "cost" in others:
        from ferryman.cli.cost.section import SECTION, section_model

        models[SECTION] = section_model()
    if "migrate" in others:
        from ferryman.migrate.options import MigrateOptions

        models["migrate"] = MigrateOptions
    if "portability" in others:
        from ferryman.portability.options import PortabilityOptions

        models["portability"] = PortabilityOptions
    return models


def open_target(name: str, **options: Any) -> tuple[Target, Project]:
    """Return the target of a name, and the project that a command's options name.

    Raises:
        ConfigError: There is no such target, or a file, a key or a value is wrong.
    """
    from ferryman.targets.registry import find_target, installed_targets

    target = find_target(name)
    known = target.options.model_fields
    options["assignments"] = tuple(
        f"{name}.{text}" if text.partition("=")[0].strip() in known else text
        for text in options.get("assignments", ())
    )
    return target, open_project(**options, targets=installed_targets())


def _assignment(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals or not key:
        raise ConfigError(f"--set {text} is not KEY=VALUE", hint="write --set lambda.memory=1024")
    return key.strip(), value
