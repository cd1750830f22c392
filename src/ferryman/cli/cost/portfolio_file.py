"""Reads a TOML file of several applications: common settings, and a table for each.

The keys are those of `[tool.ferryman.cost]`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from ferryman.cli.cost.answer_options import OutputOptions, QuestionOptions
from ferryman.cli.cost.options import Option, declared, read_group
from ferryman.cli.cost.path_values import a_file
from ferryman.cli.cost.platform_options import (
    FunctionOptions,
    PlatformOptions,
    ServerOptions,
    make_choices,
)
from ferryman.cli.cost.question import GROUPS, read_options, read_workload
from ferryman.cli.cost.values import a_task
from ferryman.cli.cost.workload_options import TrafficOptions, WorkloadOptions
from ferryman.core.errors import ConfigError, reason_of
from ferryman.cost.platforms.catalog import Choices
from ferryman.cost.platforms.pod import Pod
from ferryman.cost.portfolio import App
from ferryman.cost.units import SHARE, parse_number

__all__ = ("a_copy", "read_portfolio")

_COMMON = (PlatformOptions, ServerOptions, FunctionOptions)
_OF_AN_APP = (WorkloadOptions, TrafficOptions)
_NOT_COMMON = {"platform", "all", "flat", "store", "pod", "task"}


def read_portfolio(path: Path) -> tuple[tuple[App, ...], Choices, tuple[tuple[str, Decimal], ...]]:
    """Return the applications of a file, their common settings, and the copies.

    Raises:
        ConfigError: The file cannot be read, or a key or a value is wrong.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ConfigError(f"{path} cannot be read", cause=reason_of(error)) from error
    apps, copies = document.pop("apps", None), document.pop("copies", {})
    if not isinstance(apps, Mapping) or not apps:
        raise ConfigError(
            f"{path} has no applications", hint="write a table for each, such as [apps.shop]"
        )
    if not isinstance(copies, Mapping):
        raise ConfigError(f"{path}: copies is not a table", hint="write [copies] staging = 0.02")
    common = _values(str(path), document, _COMMON, without=_NOT_COMMON)
    choices = make_choices(
        read_group(PlatformOptions, common),
        read_group(ServerOptions, common),
        read_group(FunctionOptions, common),
    )
    found = tuple(_app(path, name, table) for name, table in apps.items())
    shares = tuple((name, _share(f"{path}: copies.{name}", str(x))) for name, x in copies.items())
    return found, choices, shares


def a_copy(flag: str, text: str) -> tuple[str, Decimal]:
    """Return the name of an environment and its share of the traffic.

    Raises:
        ConfigError: The text is not NAME:SHARE.
    """
    name, colon, share = text.partition(":")
    if not (name and colon):
        raise ConfigError(
            f"{flag}: {text!r} is not an environment and its share", hint="write staging:0.02"
        )
    return name, _share(flag, share)


def _share(place: str, text: str) -> Decimal:
    share = parse_number(text, SHARE, place)
    if not (share.is_finite() and 0 <= share <= 1):
        raise ConfigError(f"{place}: {text} is not a share of the traffic", hint="write 0.02 or 2%")
    return share


def _app(path: Path, name: str, table: Any) -> App:
    place = f"{path}: apps.{name}"
    if not isinstance(table, Mapping):
        raise ConfigError(f"{place} is not a table", hint=f"write [apps.{name}]")
    told = dict(table)
    pod = told.pop("pod", None)
    values = _values(place, told, _OF_AN_APP, folder=path.parent)
    values |= _defaults(*_COMMON, QuestionOptions, OutputOptions)
    names = {each.key: each.name for each in declared(*_OF_AN_APP)}
    options = read_options(values, frozenset(names[key] for key in told))
    try:
        workload, origins, _, measured = read_workload(options)
        asked = a_task("pod", str(pod)) if pod is not None else None
    except ConfigError as error:
        raise ConfigError(f"{place}: {error.message}", cause=error.cause, hint=error.hint) from None
    doubts = measured.measurement.doubts if measured else ()
    pod_asked = Pod(asked[0], int(asked[1] * 1024)) if asked else None
    return App(name, workload, pod_asked, origins, doubts)


def _defaults(*groups: type) -> dict[str, Any]:
    assert set(groups) <= set(GROUPS)
    return {each.name: each.value(each.default) for each in declared(*groups)}


def _values(
    place: str,
    table: Mapping[str, Any],
    groups: tuple[type, ...],
    *,
    without: set[str] | None = None,
    folder: Path | None = None,
) -> dict[str, Any]:
    """Return the values of options: from a table, else the defaults.

    Raises:
        ConfigError: A key is unknown, or a value is not valid.
    """
    options = {each.key: each for each in declared(*groups) if each.key not in (without or set())}
    values = _defaults(*groups)
    for key, given in table.items():
        option = options.get(key)
        if option is None:
            from ferryman.records.suggestion import did_you_mean

            hint = did_you_mean(key, options) or f"there are {', '.join(options)}"
            raise ConfigError(f"{place} has no setting {key!r}", hint=hint)
        values[option.name] = _value(f"{place}: {key}", option, given, folder)
    return values


def _value(place: str, option: Option, given: Any, folder: Path | None) -> Any:
    if option.is_switch:
        if not isinstance(given, bool):
            raise ConfigError(f"{place} takes true or false (it is {given!r})")
        return given
    many = given if isinstance(given, list) else [given]
    if not all(isinstance(each, str | int | float) for each in many):
        raise ConfigError(f"{place} takes one value (it is {given!r})")
    is_path = option.read is a_file or option.key == "logs"
    texts = [str(folder / str(x)) if is_path and folder else str(x) for x in many]
    if not option.many and len(texts) != 1:
        raise ConfigError(f"{place} takes one value (it is {given!r})")
    try:
        return option.value(texts if option.many else texts[0], place)
    except ConfigError:
        raise
    except Exception as error:  # click's own error for a whole number
        raise ConfigError(f"{place}: {given!r} is not valid", cause=str(error)) from error
