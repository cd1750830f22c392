"""The reference pages of commands, settings and parity, made from what they describe."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click
from pydantic import BaseModel
from scripts.reference.markdown import GENERATED, table

from ferryman.cli.main import cli
from ferryman.cli.project_options import section_models
from ferryman.migrate.parity import MAY_DIFFER
from ferryman.project.project import ProjectFields
from ferryman.targets.registry import installed_targets

__all__ = ("commands_page", "parity_page", "settings_page")


def commands_page() -> str:
    """Return the page of the commands: what `--help` says of each."""
    sections = [
        GENERATED + "# Commands\n\n"
        "Data goes to standard output, messages to standard error. The exit status is 0 on\n"
        "success, 1 if the operation failed, 2 if the usage or a setting is wrong, 3 if\n"
        "the app could not be loaded or failed to start, and 130 if it was interrupted.\n"
    ]
    with click.Context(cli, info_name="ferryman") as context:
        for path, command in _commands(cli, context, ("ferryman",)):
            with click.Context(command, info_name=" ".join(path), max_content_width=88) as own:
                sections.append(f"## {' '.join(path)}\n\n```\n{own.get_help()}\n```\n")
            sections.extend(_options_of_targets(command))
    return "\n".join(sections)


def settings_page() -> str:
    """Return the page of the settings: each key with its default and what it is for."""
    text = (
        GENERATED + "# Settings\n\n"
        "Settings are in `pyproject.toml`; `ferryman config show --origin` prints each value and\n"
        "where it came from. From strongest to weakest: `--set KEY=VALUE` and other\n"
        "flags, variables such as `FERRYMAN_LAMBDA__MEMORY` (upper case, two underscores for\n"
        "the dot), an overlay `[tool.ferryman.env.NAME]` named by `--env` or `FERRYMAN_ENV`,\n"
        "`[tool.ferryman]`, the name and version of `[project]`, defaults.\n"
    )
    text += _table("tool.ferryman", ProjectFields)
    for name, model in section_models(installed_targets()).items():
        text += _table(f"tool.ferryman.{name}", model)
    return text


def parity_page() -> str:
    """Return the page of the headers in which two targets may differ."""
    rows = [(f"`{name}`", reason) for name, reason in MAY_DIFFER.items()]
    return (
        GENERATED + "# Headers that may differ between targets\n\n"
        "Everything else in an answer must agree: its status, every other header, the bytes of\n"
        "its body. [Parity](../explanation/parity.md) says how they are compared.\n\n"
        + table(("header", "why"), rows)
    )


def _commands(
    group: click.Command, context: click.Context, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, group
    if isinstance(group, click.Group):
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield from _commands(command, context, (*path, name))


def _options_of_targets(command: click.Command) -> Iterator[str]:
    """Yield what each target adds to a verb on what is deployed."""
    from ferryman.cli.deployment_command import DeploymentCommand
    from ferryman.targets.deployment import Deployable
    from ferryman.targets.registry import installed_targets

    if not isinstance(command, DeploymentCommand):
        return
    for name, target in installed_targets().items():
        options = command.options_of(name) if isinstance(target, Deployable) else ()
        if options:
            formatter = click.HelpFormatter(width=88)
            formatter.write_dl([(", ".join(o.flags), o.help) for o in options])
            yield f"With `-t {name}` it also has these options:\n\n```\n{formatter.getvalue()}```\n"


def _table(title: str, model: type[BaseModel]) -> str:
    rows, inside = [], ""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            inside += _table(f"{title}.{name}", field.annotation)
            continue
        default = json.dumps(field.get_default(call_default_factory=True), default=list)
        shown = "" if default == "null" else f"`{default}`"
        rows.append((f"`{name}`", shown, str(field.description)))
    return f"\n## [{title}]\n\n{table(('key', 'default', 'what it is for'), rows)}{inside}"
