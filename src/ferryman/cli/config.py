"""`ferryman config`: the resolved settings, and all keys."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import reduce
from operator import getitem
from typing import TYPE_CHECKING, Annotated, Any

import click

from ferryman.cli.project_options import open_project, project_options, section_models

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

    from ferryman.project.project import Project

__all__ = ("command",)

_KINDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a table",
    "string": "text",
}


@click.group()
def command() -> None:
    """Show the resolved settings, or list all keys.

    \b
    Example:
      ferryman config show --origin
    """


@command.command()
@project_options
@click.option("--origin", is_flag=True, help="Print where each value came from.")
@click.option("--json", "as_json", is_flag=True, help="Print the settings as JSON.")
def show(origin: bool, as_json: bool, **options: Any) -> None:
    """Show the value of each setting.

    From strongest to weakest: flags, FERRYMAN_* variables, the overlay
    [tool.ferryman.env.NAME], [tool.ferryman], [project], defaults.

    \b
    Example:
      ferryman config show --env prod --origin
    """
    from ferryman.targets.registry import installed_targets

    project = open_project(**options, targets=installed_targets(), whole=True)
    values = dict(_values(project))
    if as_json:
        rows = {k: {"value": v, "origin": project.origins[k]} for k, v in values.items()}
        click.echo(json.dumps(rows, indent=2))
        return
    for key, value in values.items():
        line = f"{key} = {json.dumps(value)}"
        click.echo(f"{line}  # {project.origins[key]}" if origin else line)


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print the keys as JSON Schema.")
def keys(as_json: bool) -> None:
    """List each key with its default, its type and its purpose.

    \b
    Example:
      ferryman config keys
    """
    from ferryman.project.keys import known_keys
    from ferryman.project.project import ProjectFields
    from ferryman.targets.registry import installed_targets

    models: dict[str, type[BaseModel]] = {"": ProjectFields}
    sections = section_models(installed_targets())
    models |= {f"{name}.": model for name, model in sections.items()}
    if as_json:
        click.echo(json.dumps(_schema(models), indent=2))
        return
    for prefix, model in models.items():
        for name, field in known_keys(model).items():
            default = json.dumps(field.get_default(call_default_factory=True), default=str)
            click.echo(f"{prefix}{name} = {default}  # {_takes(field)}\n    {field.description}")


def _takes(field: FieldInfo) -> str:
    from pydantic import TypeAdapter

    kind: Any = Annotated[field.annotation, field]
    return _in_words(TypeAdapter(kind).json_schema())


def _in_words(schema: Mapping[str, Any]) -> str:
    """Describe the values that a JSON schema allows, in a few words."""
    if "anyOf" in schema:
        return " or ".join(_in_words(s) for s in schema["anyOf"] if s.get("type") != "null")
    if "enum" in schema:
        return " or ".join(json.dumps(value) for value in schema["enum"])
    words = _KINDS[schema["type"]] if "type" in schema else "anything"
    if "minimum" in schema:
        words += f", {schema['minimum']} or more"
    if "maximum" in schema:
        words += f", {schema['maximum']} or less"
    return words


def _schema(models: dict[str, type[BaseModel]]) -> dict[str, Any]:
    whole: dict[str, Any] = {}
    for prefix, model in models.items():
        schema = model.model_json_schema()
        if prefix:
            whole["properties"][prefix.rstrip(".")] = schema
        else:
            whole = schema
    return whole


def _values(project: Project) -> Iterator[tuple[str, object]]:
    tables: Any = project.fields.model_dump(mode="json")
    tables |= {name: model.model_dump(mode="json") for name, model in project.sections.items()}
    for key in project.origins:
        yield key, reduce(getitem, key.split("."), tables)
