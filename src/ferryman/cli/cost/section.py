"""The section `[tool.ferryman.cost]`: the options that are settings, by the keys of the section.

`ferryman cost` reads only this section, to answer quickly. Every other verb reads it with all other
sections, through the model that this module makes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

from ferryman.cli.cost.options import Option, declared
from ferryman.cli.cost.path_values import a_file
from ferryman.cli.cost.question import GROUPS
from ferryman.core.errors import ConfigError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from ferryman.project.setting_sources import Layer

__all__ = ("SECTION", "read_settings", "section_model")

SECTION = "cost"


def settings() -> dict[str, Option]:
    """Return the options that can be settings, by key."""
    return {each.key: each for each in declared(*GROUPS) if each.setting}


def read_settings(directory: Path | None, overlay: str | None) -> Mapping[str, Any]:
    """Return the values from variables, the overlay and the section, by the options' names.

    Args:
        directory: The project's; by default this one, or the project it lies in.
        overlay: The name of the overlay; by default what `FERRYMAN_ENV` says, or none.

    Raises:
        ConfigError: The project cannot be read, a key is unknown, or a value is not valid.
    """
    from ferryman.project.setting_sources import (
        chosen_overlay,
        find_project,
        overlay_layers,
        read_pyproject,
        table_layer,
    )

    root = directory or find_project(Path.cwd())
    if not root.is_dir():
        raise ConfigError(f"-C: there is no directory {root}", hint="give the project's")
    document = read_pyproject(root)
    overlays = overlay_layers(document)
    told: dict[str, Any] = {}
    # The weakest layer first.
    for layer in (table_layer(document), *chosen_overlay(overlays, overlay)):
        told |= _server_workers(layer.values.get("server"))
        told |= {key: _from_file(root, key, value) for key, value in _values(layer)}
    for layer in overlays.values():
        list(_values(layer))  # report a mistake even in an overlay that is not used
    told |= _variables()
    return {settings()[key].name: value for key, value in told.items()}


def _server_workers(table: Any) -> dict[str, Any]:
    """Return how many processes the server is built with, for pricing as many."""
    workers = table.get("workers") if isinstance(table, Mapping) else None
    return {"workers": workers} if isinstance(workers, int) else {}


def _values(layer: Layer) -> Iterator[tuple[str, Any]]:
    """Yield the keys and values of the section in a layer, each checked."""
    table = layer.values.get(SECTION, {})
    if not isinstance(table, Mapping):
        raise ConfigError(
            f"{layer.place(SECTION)} is not a table", hint="write [tool.ferryman.cost]"
        )
    for key, value in table.items():
        place = layer.place(f"{SECTION}.{key}")
        _check(place, key, value)
        yield key, value


def _check(place: str, key: str, value: Any) -> None:
    from ferryman.records.suggestion import did_you_mean

    option = settings().get(key)
    if option is None:
        hint = did_you_mean(f"{SECTION}.{key}", (f"{SECTION}.{known}" for known in settings()))
        raise ConfigError(
            f"{place}: there is no setting '{SECTION}.{key}'",
            hint=hint or "`ferryman config keys` lists each key with what it takes",
        )
    if option.many != isinstance(value, list) or option.is_switch != isinstance(value, bool):
        takes = "a list" if option.many else "true or false" if option.is_switch else "one value"
        raise ConfigError(f"{place} is not valid", cause=f"it takes {takes} (it is {value!r})")
    option.value(value, place)


def _from_file(root: Path, key: str, value: Any) -> Any:
    """Return a value of pyproject.toml; file paths are relative to the project."""
    return str(root / value) if settings()[key].read is a_file else value


def _variables() -> dict[str, Any]:
    """Return the values of the variables `FERRYMAN_COST__*`; lists are JSON."""
    import json

    from ferryman.project.setting_sources import section_variables

    told: dict[str, Any] = {}
    for key, text in section_variables(SECTION).items():
        option = settings().get(key)
        told[key] = text
        if option and (option.many or option.is_switch):
            try:
                told[key] = json.loads(text)
            except ValueError:
                raise ConfigError(
                    f"environment FERRYMAN_COST__{key.upper()} is not valid",
                    cause=f"it takes JSON, such as true or '[\"ec2\"]' (it is {text!r})",
                ) from None
        _check(f"environment FERRYMAN_COST__{key.upper()}", key, told[key])
    return told


def section_model() -> type[BaseModel]:
    """Return the section's model, like those of the targets."""
    from pydantic import ConfigDict, Field, create_model

    fields = {
        key: (_annotation(option), Field(default=option.default, description=option.help))
        for key, option in settings().items()
    }
    config = ConfigDict(extra="forbid", frozen=True)
    model = create_model("CostSettings", __config__=config, **cast(Any, fields))
    return cast("type[BaseModel]", model)


def _annotation(option: Option) -> Any:
    from pydantic import AfterValidator

    def check(value: Any) -> Any:
        try:
            option.value(value)
        except ConfigError as error:
            raise ValueError(error.message) from None
        return value

    single = str | int | float
    kind: Any = bool if option.is_switch else single
    if option.many:
        kind = tuple[single, ...]
    elif option.default is None:
        kind = single | None
    return Annotated[kind, AfterValidator(check)]
