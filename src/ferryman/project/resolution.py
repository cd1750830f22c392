"""Resolves a project from its layers, and records the origin of each value.

From strongest to weakest: flags, `FERRYMAN_*` variables, the overlay
`[tool.ferryman.env.NAME]`, `[tool.ferryman]`, `[project]`, the environment, defaults.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ValidationError, create_model
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from ferryman.core.errors import ConfigError
from ferryman.project.keys import OTHER_SECTIONS, dotted, flatten, known_keys
from ferryman.project.project import DEFAULT, Project, ProjectFields
from ferryman.project.required_python import usual_python
from ferryman.project.setting_sources import (
    Layer,
    chosen_overlay,
    declared_layer,
    environment_layer,
    flag_layer,
    overlay_layers,
    overlay_name,
    read_pyproject,
    refuse_unknown,
    table_layer,
)

__all__ = ("in_overlay", "resolve_project")

# pydantic's messages in terms of Python's types.
_IN_WORDS = {
    **dict.fromkeys(("bool_parsing", "bool_type"), "it takes true or false"),
    **dict.fromkeys(("dict_type", "model_type"), "it takes a table"),
    **dict.fromkeys(("float_parsing", "float_type"), "it takes a number"),
    **dict.fromkeys(("int_from_float", "int_parsing", "int_type"), "it takes a whole number"),
    **dict.fromkeys(("list_type", "tuple_type"), "it takes a list, in brackets"),
    "string_type": "it takes a text, in quotes",
}


def resolve_project(
    root: Path,
    sections: Mapping[str, type[BaseModel]],
    *,
    flags: Mapping[str, object] | None = None,
    overlay: str | None = None,
) -> Project:
    """Resolve the project in a directory.

    Args:
        root: The directory, with or without a pyproject.toml.
        sections: The model of each section, by its name: of each target, and of cost.
        flags: Values given on the command line, by dotted key; lists and tables as JSON.
        overlay: The name of the overlay; by default the value of `FERRYMAN_ENV`, or none.

    Raises:
        ConfigError: A file cannot be read, a key is unknown, or a value is not valid.
    """
    if not root.is_dir():
        raise ConfigError(f"there is no directory {root}", hint="pass the project's with -C")
    root = root.resolve()
    settings_type = _settings_type(sections)
    document = read_pyproject(root)
    layers = _layers(root, document, settings_type, flags or {}, overlay)
    resolved = _merge(settings_type, layers)
    return Project(
        root=root,
        fields=ProjectFields(**{n: getattr(resolved, n) for n in ProjectFields.model_fields}),
        sections={name: getattr(resolved, name) for name in sections},
        origins={key: _origin(key, layers) for key in known_keys(settings_type)},
        flags=flags or {},
        overlays=tuple(overlay_layers(document)),
        overlay=overlay_name(overlay),
    )


def in_overlay(project: Project, name: str) -> Project:
    """Return a project resolved with one of its overlays; flags still count.

    Raises:
        ConfigError: There is no such overlay, or a value in it is not valid.
    """
    sections = {section: type(values) for section, values in project.sections.items()}
    return resolve_project(project.root, sections, flags=project.flags, overlay=name)


def _layers(
    root: Path,
    document: Mapping[str, Any],
    settings_type: type[BaseSettings],
    flags: Mapping[str, object],
    overlay: str | None,
) -> list[Layer]:
    """Return the layers in use, the strongest first, after checking for unknown keys."""
    known = known_keys(settings_type)
    overlays = overlay_layers(document)
    unread = {*OTHER_SECTIONS} - {key.partition(".")[0] for key in known}
    layers = [
        flag_layer(flags, known),
        environment_layer(known, unread),
        *(layer.without(unread) for layer in chosen_overlay(overlays, overlay)),
        table_layer(document).without(unread),
        declared_layer(document, root),
        usual_python(document, root),
    ]
    # Report a mistake in an overlay now, not on the day it is used.
    for layer in (*layers, *(layer.without(unread) for layer in overlays.values())):
        refuse_unknown(layer, known)
    return layers


def _settings_type(sections: Mapping[str, type[BaseModel]]) -> type[BaseSettings]:
    fields = {n: (f.annotation, f) for n, f in ProjectFields.model_fields.items()}
    own = {name: (model, model()) for name, model in sections.items()}
    return create_model("Settings", __base__=_Settings, **cast(Any, {**fields, **own}))


class _Settings(BaseSettings):
    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, nested_model_default_partial_update=True
    )


def _merge(settings_type: type[BaseSettings], layers: Sequence[Layer]) -> BaseSettings:
    class Layered(settings_type):  # type: ignore[misc, valid-type]
        @classmethod
        def settings_customise_sources(
            cls, settings_cls: type[BaseSettings], *_: Any, **__: Any
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return tuple(InitSettingsSource(settings_cls, dict(lay.values)) for lay in layers)

    try:
        return cast(BaseSettings, Layered())
    except ValidationError as error:
        raise _invalid(error, layers, known_keys(settings_type)) from None


def _invalid(
    error: ValidationError, layers: Sequence[Layer], known: Mapping[str, FieldInfo]
) -> ConfigError:
    first = error.errors()[0]
    # pydantic marks an error in a table's key, not its value, this way.
    path = [part for part in first["loc"] if part != "[key]"]
    names = [part for part in path if isinstance(part, str)]
    above = (dotted(names[:end]) for end in range(len(names), 0, -1))
    origins = (_origin(key, layers) for key in above)
    origin = next((origin for origin in origins if origin != DEFAULT), DEFAULT)
    return ConfigError(
        f"{origin}: {dotted(map(str, path))} is not valid",
        cause=_reason(first, known.get(dotted(names))),
        hint="`ferryman config keys` lists each key with what it takes",
    )


def _reason(error: ErrorDetails, field: FieldInfo | None) -> str:
    kind, value = error["type"], error["input"]
    if kind == "value_error" and isinstance(value, Mapping):
        # The error is about a whole section, whose value would only distract the reader.
        return error["msg"].removeprefix("Value error, ")
    reason = _IN_WORDS.get(kind, error["msg"].removeprefix("Value error, "))
    if kind == "string_pattern_mismatch" and field and field.description:
        purpose = re.split(r"[.;](?: |$)", field.description)[0]
        reason = f"it takes {purpose[0].lower()}{purpose[1:]}"
    return f"{reason} (it is {value!r})"


def _origin(key: str, layers: Sequence[Layer]) -> str:
    """Return the place of the strongest layer that has a key, or a key below it."""
    for layer in layers:
        if any(k == key or k.startswith(f"{key}.") for k in flatten(layer.values)):
            return layer.place(key)
    return DEFAULT
