"""The reference pages of commands, settings and parity, made from what they describe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pydantic import BaseModel

__all__ = ("commands_page", "parity_page", "settings_page")

_MADE = "<!-- Made by `make docs`; do not edit. -->\n"


def commands_page() -> str:
    """Return the page of the commands: what `--help` says of each."""
    from ferryman.cli.main import cli

    sections = [
        _MADE + "# Commands\n\n"
        "Data goes to standard output, talk to standard error. The exit status is 0 when all\n"
        "went well, 1 when the operation failed, 2 when the usage or a setting is wrong, 3 when\n"
        "the app could not be loaded or failed to start, and 130 when it was interrupted.\n"
    ]
    with click.Context(cli, info_name="ferryman") as context:
        for path, command in _commands(cli, context, ("ferryman",)):
            with click.Context(command, info_name=" ".join(path), max_content_width=88) as own:
                sections.append(f"## {' '.join(path)}\n\n```\n{own.get_help()}\n```\n")
    return "\n".join(sections)


def settings_page() -> str:
    """Return the page of the settings: each key with its default and what it is for."""
    from ferryman.core.build.project import ProjectFields
    from ferryman.core.build.target import installed_targets

    text = (
        _MADE + "# Settings\n\n"
        "They stand in `pyproject.toml`; `ferryman config show --origin` prints what they are\n"
        "resolved to and from where. From strongest to weakest: `--set KEY=VALUE` and other\n"
        "flags, variables such as `FERRYMAN_LAMBDA__MEMORY` (upper case, two underscores for\n"
        "the dot), an overlay `[tool.ferryman.env.NAME]` named by `--env` or `FERRYMAN_ENV`,\n"
        "`[tool.ferryman]`, the name and version of `[project]`, defaults.\n"
    )
    text += _table("tool.ferryman", ProjectFields)
    for name, target in installed_targets().items():
        text += _table(f"tool.ferryman.{name}", target.options)
    return text


def parity_page() -> str:
    """Return the page of the headers in which two targets may differ."""
    from ferryman.migrate.parity import MAY_DIFFER

    rows = [f"| `{name}` | {reason} |" for name, reason in MAY_DIFFER.items()]
    return (
        _MADE + "# Headers that may differ between targets\n\n"
        "Everything else of an answer must agree: its status, every other header, the bytes of\n"
        "its body. How they are compared is told in [parity](../explanation/parity.md).\n\n"
        "| header | why |\n| --- | --- |\n" + "\n".join(rows) + "\n"
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


def _table(title: str, model: type[BaseModel]) -> str:
    from pydantic import BaseModel as PydanticModel

    rows = [f"\n## [{title}]\n", "| key | default | what it is for |", "| --- | --- | --- |"]
    inside = ""
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, PydanticModel):
            inside += _table(f"{title}.{name}", field.annotation)
            continue
        default = json.dumps(field.get_default(call_default_factory=True), default=list)
        shown = "" if default == "null" else f"`{default}`"
        rows.append(f"| `{name}` | {shown} | {field.description} |")
    return "\n".join(rows) + "\n" + inside
