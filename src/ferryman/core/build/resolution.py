"""Resolves a project from its layers, and remembers where each value came from.

From strongest to weakest: flags, `FERRYMAN_*` variables, the overlay
`[tool.ferryman.env.NAME]`, `[tool.ferryman]`, `[project]`, defaults.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
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

from ferryman.core.build.keys import dotted, flatten, known_keys
from ferryman.core.build.layers import (
    OVERLAY_VARIABLE,
    Layer,
    declared_layer,
    environment_layer,
    flag_layer,
    overlay_layers,
    read_pyproject,
    refuse_unknown,
    table_layer,
)
from ferryman.core.build.project import Project, ProjectFields
from ferryman.core.build.suggestion import did_you_mean
from ferryman.core.errors import ConfigError

__all__ = ("find_project", "resolve_project")

_DEFAULT = "default"

# What pydantic says in the words of Python's types.
_IN_WORDS = {
    **dict.fromkeys(("bool_parsing", "bool_type"), "it takes true or false"),
    **dict.fromkeys(("dict_type", "model_type"), "it takes a table"),
    **dict.fromkeys(("float_parsing", "float_type"), "it takes a number"),
    **dict.fromkeys(("int_from_float", "int_parsing", "int_type"), "it takes a whole number"),
    **dict.fromkeys(("list_type", "tuple_type"), "it takes a list, in brackets"),
    "string_type": "it takes a text, in quotes",
}


def find_project(here: Path) -> Path:
    """Return the directory of the project that a directory lies in.

    It is the directory itself if it has a pyproject.toml, else the nearest one above it whose
    pyproject.toml has a table [tool.ferryman], else the directory itself.
    """
    if not (here / "pyproject.toml").exists():
        for above in here.parents:
            if (above / "pyproject.toml").is_file():
                with suppress(ConfigError):
                    if "ferryman" in read_pyproject(above).get("tool", {}):
                        return above
    return here


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
        sections: The model of each target's own settings, by the target's name.
        flags: Values given on the command line, by dotted key; lists and tables as JSON.
        overlay: The name of the overlay; by default what `FERRYMAN_ENV` says, or none.

    Raises:
        ConfigError: A file cannot be read, a key is unknown, or a value is not valid.
    """
    if not root.is_dir():
        raise ConfigError(f"there is no directory {root}", hint="pass the project's with -C")
    root = root.resolve()
    settings_type = _settings_type(sections)
    layers = _layers(root, settings_type, flags or {}, overlay)
    resolved = _merge(settings_type, layers)
    return Project(
        root=root,
        fields=ProjectFields(**{n: getattr(resolved, n) for n in ProjectFields.model_fields}),
        sections={name: getattr(resolved, name) for name in sections},
        origins={key: _origin(key, layers) for key in known_keys(settings_type)},
    )


def _layers(
    root: Path, settings_type: type[BaseSettings], flags: Mapping[str, object], overlay: str | None
) -> list[Layer]:
    """Return the layers that count, the strongest first; none has an unknown key."""
    known = known_keys(settings_type)
    document = read_pyproject(root)
    overlays = overlay_layers(document)
    layers = [
        flag_layer(flags, known),
        environment_layer(known),
        *_chosen(overlays, overlay),
        table_layer(document),
        declared_layer(document, root),
    ]
    # A mistake in an overlay is told before the day it is used.
    for layer in (*layers, *overlays.values()):
        refuse_unknown(layer, known)
    return layers


def _chosen(overlays: Mapping[str, Layer], given: str | None) -> list[Layer]:
    name = given or os.environ.get(OVERLAY_VARIABLE)
    if not name:
        return []
    if name not in overlays:
        asked = f"--env {name}" if given else f"{OVERLAY_VARIABLE}={name}"
        raise ConfigError(
            f"{asked}: pyproject.toml has no overlay [tool.ferryman.env.{name}]",
            cause=f"the overlays are {', '.join(overlays)}" if overlays else "it has none",
            hint=did_you_mean(name, overlays),
        )
    return [overlays[name]]


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
    # pydantic says so where the key of a table is wrong, and not the value.
    path = [part for part in first["loc"] if part != "[key]"]
    names = [part for part in path if isinstance(part, str)]
    above = (dotted(names[:end]) for end in range(len(names), 0, -1))
    origins = (_origin(key, layers) for key in above)
    origin = next((origin for origin in origins if origin != _DEFAULT), _DEFAULT)
    return ConfigError(
        f"{origin}: {dotted(map(str, path))} is not valid",
        cause=_reason(first, known.get(dotted(names))),
        hint="`ferryman config keys` lists each key with what it takes",
    )


def _reason(error: ErrorDetails, field: FieldInfo | None) -> str:
    kind, value = error["type"], error["input"]
    if kind == "value_error" and isinstance(value, Mapping):
        # Of a whole section, in which nothing but what is said concerns the reader.
        return error["msg"].removeprefix("Value error, ")
    reason = _IN_WORDS.get(kind, error["msg"].removeprefix("Value error, "))
    if kind == "string_pattern_mismatch" and field and field.description:
        reason = f"it takes {field.description[0].lower()}{field.description[1:].rstrip('.')}"
    return f"{reason} (it is {value!r})"


def _origin(key: str, layers: Sequence[Layer]) -> str:
    """Return the place of the strongest layer that has a key, or something below it."""
    for layer in layers:
        if any(k == key or k.startswith(f"{key}.") for k in flatten(layer.values)):
            return layer.place(key)
    return _DEFAULT
