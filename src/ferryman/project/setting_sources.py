"""Reads each source of settings into a layer of values.

Flags and `FERRYMAN_*` variables are text by key; the tables of pyproject.toml are values already.
`resolution` validates the values and orders the layers.
"""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferryman.core.errors import ConfigError
from ferryman.core.settings import SETTINGS_VARIABLE
from ferryman.project.keys import flatten, nest, takes_json, takes_text
from ferryman.records.suggestion import did_you_mean

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

__all__ = (
    "Layer",
    "chosen_overlay",
    "declared_layer",
    "environment_layer",
    "find_project",
    "flag_layer",
    "named_sections",
    "overlay_layers",
    "overlay_name",
    "project_name",
    "read_pyproject",
    "refuse_unknown",
    "section_variables",
    "table_layer",
)

OVERLAY_VARIABLE = "FERRYMAN_ENV"
_PREFIX = "FERRYMAN_"
_FOREIGN_VARIABLES = {OVERLAY_VARIABLE, SETTINGS_VARIABLE}

_OVERLAYS = "env"
"""The table inside [tool.ferryman] that holds the overlays."""

Known = Mapping[str, "FieldInfo"]


@dataclass(frozen=True, slots=True)
class Layer:
    """Values from one source, and how to name a key in that source."""

    values: Mapping[str, Any]
    place: Callable[[str], str]

    def without(self, sections: Collection[str]) -> Layer:
        """Return the layer without some of its sections."""
        return Layer({k: v for k, v in self.values.items() if k not in sections}, self.place)


def flag_layer(flags: Mapping[str, object], known: Known) -> Layer:
    """Return the layer of the command line's values, by key.

    Raises:
        ConfigError: A list or a table is not given as JSON.
    """
    values = {key: _read(key, value, known, f"flag {key}") for key, value in flags.items()}
    return Layer(nest(values), lambda key: f"flag {key}")


def environment_layer(known: Known, unread: Collection[str] = ()) -> Layer:
    """Return the layer of the variables `FERRYMAN_*` of this process.

    Args:
        known: The existing keys.
        unread: Sections whose variables are ignored.

    Raises:
        ConfigError: A variable names an unknown key, or a list or a table is not given as JSON.
    """
    values = {}
    for variable, text in os.environ.items():
        if variable.startswith(_PREFIX) and variable not in _FOREIGN_VARIABLES:
            key = variable.removeprefix(_PREFIX).lower().replace("__", ".")
            if key.partition(".")[0] in unread:
                continue
            _refuse_unknown_variable(variable, key, known)
            values[key] = _read(key, text, known, f"environment {variable}")
    return Layer(nest(values), lambda key: f"environment {_variable_of(key, values)}")


def section_variables(section: str) -> dict[str, str]:
    """Return the values of one section's variables, by the keys of the section."""
    prefix = _variable(section) + "__"
    return {
        name.removeprefix(prefix).lower(): text
        for name, text in os.environ.items()
        if name.startswith(prefix)
    }


def read_pyproject(root: Path) -> Mapping[str, Any]:
    """Return the project's pyproject.toml, empty if there is none. Do not change the result.

    Raises:
        ConfigError: The file cannot be read, is not valid TOML, or has another value for a table.
    """
    path = root / "pyproject.toml"
    try:
        return _parsed(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError) as error:  # a number may be too long, lists too deep
        raise ConfigError(f"{path.name} is not valid TOML", cause=str(error)) from None
    except OSError as error:
        raise ConfigError(f"{path.name} cannot be read", cause=error.strerror) from None


_TABLES = (
    ("tool", "uv", "sources"),
    ("tool", "poetry", "dependencies"),
    ("project", "optional-dependencies"),
    ("dependency-groups",),
    ("build-system",),
)
"""The tables that ferryman reads and other tools define."""


# One command calls this a dozen times, and parsing takes longer than reading.
@lru_cache(maxsize=8)
def _parsed(text: str) -> dict[str, Any]:
    document = tomllib.loads(text)
    for path in _TABLES:
        _table(document, *path)
    return document


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


def named_sections(root: Path, sections: Iterable[str]) -> set[str]:
    """Return the sections, of those given, that a variable, pyproject.toml or an overlay sets.

    Raises:
        ConfigError: pyproject.toml cannot be read.
    """
    document = read_pyproject(root)
    layers = (table_layer(document), *overlay_layers(document).values())
    named = {name for layer in layers for name in layer.values}
    return {each for each in sections if each in named or section_variables(each)}


def overlay_layers(document: Mapping[str, Any]) -> dict[str, Layer]:
    """Return each overlay `[tool.ferryman.env.NAME]`, by its name.

    Raises:
        ConfigError: An overlay is not a table.
    """
    return {
        name: Layer(_table(document, *path), _naming(*path))
        for name in _table(document, "tool", "ferryman", _OVERLAYS)
        for path in [("tool", "ferryman", _OVERLAYS, name)]
    }


def overlay_name(given: str | None) -> str | None:
    """Return the name of the requested overlay, by default from `FERRYMAN_ENV`."""
    return given or os.environ.get(OVERLAY_VARIABLE) or None


def chosen_overlay(overlays: Mapping[str, Layer], given: str | None) -> list[Layer]:
    """Return a list with the requested overlay, empty if none is requested.

    Args:
        overlays: The existing overlays, by name.
        given: The name on the command line; by default the value of `FERRYMAN_ENV`.

    Raises:
        ConfigError: There is no such overlay.
    """
    name = overlay_name(given)
    if name is None:
        return []
    if name not in overlays:
        asked = f"--env {name}" if given else f"{OVERLAY_VARIABLE}={name}"
        raise ConfigError(
            f"{asked}: pyproject.toml has no overlay [tool.ferryman.env.{name}]",
            cause=f"the overlays are {', '.join(overlays)}" if overlays else "it has none",
            hint=did_you_mean(name, overlays),
        )
    return [overlays[name]]


def table_layer(document: Mapping[str, Any]) -> Layer:
    """Return the layer of `[tool.ferryman]`, without its overlays.

    Raises:
        ConfigError: `[tool.ferryman]` is not a table.
    """
    table = _table(document, "tool", "ferryman")
    values = {name: value for name, value in table.items() if name != _OVERLAYS}
    return Layer(values, _naming("tool", "ferryman"))


def declared_layer(document: Mapping[str, Any], root: Path) -> Layer:
    """Return the name and version from `[project]`, `[tool.poetry]` or the directory.

    Raises:
        ConfigError: `[project]` or `[tool.poetry]` is not a table.
    """
    values: dict[str, Any] = {"name": _dns_label(root.name)}
    places = {"name": "the directory's name"}
    for path in (("tool", "poetry"), ("project",)):
        for key, value in _table(document, *path).items():
            if key in ("name", "version") and value != "":
                label = key == "name" and isinstance(value, str)
                values[key] = _dns_label(value) if label else value
                places[key] = _naming(*path)(key)
    return Layer(values, lambda key: places[key])


def project_name(directory: Path | None) -> str:
    """Return the name in a project's pyproject.toml; empty if it has none.

    Args:
        directory: The project's; by default this one, or the project it lies in.

    Raises:
        ConfigError: pyproject.toml cannot be read.
    """
    root = directory or find_project(Path.cwd())
    document = read_pyproject(root)
    if not document:
        return ""
    layers = (table_layer(document), declared_layer(document, root))
    return next(str(layer.values["name"]) for layer in layers if "name" in layer.values)


def refuse_unknown(layer: Layer, known: Known) -> None:
    """Refuse a layer with unknown keys.

    Raises:
        ConfigError: The layer has an unknown key.
    """
    for key in flatten(layer.values):
        within = any(key.startswith(f"{k}.") and takes_json(field) for k, field in known.items())
        if not within and not _is_known(key, known):
            sections = {k.rpartition(".")[0] for k in known} - {""}
            suggestion = did_you_mean(key, {*known, *sections})
            raise _unknown(layer.place(key), key, suggestion)


def _refuse_unknown_variable(variable: str, key: str, known: Known) -> None:
    if _is_known(key, known):
        return
    table = next((k for k, field in known.items() if key.startswith(f"{k}.")), None)
    if table and takes_json(known[table]):
        # Variables are in capitals, so the case of a name below a table is unknown.
        raise _unknown(variable, key, f"give the whole table, as JSON, in {_variable(table)}")
    suggestion = did_you_mean(variable, map(_variable, known))
    raise _unknown(variable, key, suggestion)


def _unknown(place: str, key: str, hint: str | None) -> ConfigError:
    return ConfigError(
        f"{place}: there is no setting '{key}'",
        hint=hint or "`ferryman config keys` lists each key with what it takes",
    )


def _is_known(key: str, known: Known) -> bool:
    return key in known or _is_section(key, known)


def _is_section(key: str, known: Known) -> bool:
    return any(k.startswith(f"{key}.") for k in known)


def _read(key: str, value: object, known: Known, place: str) -> object:
    section = _is_section(key, known)
    if not isinstance(value, str) or not (section or (key in known and takes_json(known[key]))):
        return value
    try:
        read: object = json.loads(value)
    except ValueError as error:
        if key in known and takes_text(known[key]):
            return value
        raise ConfigError(
            f"{place}: {key} is not valid",
            cause=f"it is not JSON: {error} (it is {value!r})",
            hint="lists and tables are written as JSON, such as '[\"data\"]'",
        ) from None
    if section and not isinstance(read, dict):
        raise ConfigError(
            f"{place}: {key} is not valid", cause=f"it is not a table (it is {value!r})"
        )
    return read


def _table(document: Mapping[str, Any], *path: str) -> Mapping[str, Any]:
    table = document
    for depth, name in enumerate(path, start=1):
        value = table.get(name, {})
        if not isinstance(value, Mapping):
            raise ConfigError(
                f"pyproject.toml: [{'.'.join(path[:depth])}] is not a table",
                cause=f"it is {value!r}",
            )
        table = value
    return table


def _naming(*path: str) -> Callable[[str], str]:
    """Return a function that names the place of a key below a table in pyproject.toml."""

    def place(key: str) -> str:
        *_, name = re.findall(r'"[^"]*"|[^.]+', key) or [key]
        above = key.removesuffix(name).rstrip(".")
        return f"pyproject.toml [{'.'.join(filter(None, (*path, above)))}] {name}"

    return place


def _variable(key: str) -> str:
    return _PREFIX + key.upper().replace(".", "__")


def _variable_of(key: str, given: Mapping[str, object]) -> str:
    """Return the variable that set a key: its own, or that of a table above it."""
    above = key
    while above and above not in given:
        above = above.rpartition(".")[0]
    return _variable(above or key)


def _dns_label(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:63].strip("-") or "app"
