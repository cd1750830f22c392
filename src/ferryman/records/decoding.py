"""Reads JSON into frozen dataclasses, and names the key that does not fit.

It knows the types of a record's fields, not their meaning.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

__all__ = ("Wrong", "decode")

_Record = TypeVar("_Record")

_NAMES = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


class Wrong(Exception):
    """A key whose value does not fit.

    Attributes:
        key: The key, such as `machine.cpus`.
        reason: Why its value does not fit.
    """

    def __init__(self, key: str, reason: str) -> None:
        super().__init__(f"{key}: {reason}")
        self.key = key
        self.reason = reason


def decode(kind: type[_Record], data: object, at: str = "") -> _Record:
    """Return JSON data as a dataclass.

    Its fields may be texts, numbers, dataclasses, tuples of one type (`tuple[X, ...]`),
    mappings from texts (`dict[str, X]`), or one of these or None.

    Args:
        kind: The dataclass.
        data: The result of `json.loads`.
        at: The key of the data, for messages.

    Raises:
        Wrong: A key is missing, unknown or of another type; a number is not finite.
    """
    if not isinstance(data, Mapping):
        raise Wrong(at or "the file", "it is not an object")
    types = get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    for key in data:
        if key not in known:
            raise Wrong(_join(at, str(key)), "unknown key")
    values: dict[str, Any] = {}
    for name, field in known.items():
        if name in data:
            values[name] = _value(types[name], data[name], _join(at, name))
        elif field.default is MISSING:
            raise Wrong(_join(at, name), "it is missing")
    return kind(**values)


def _value(kind: Any, data: object, at: str) -> object:
    if isinstance(kind, UnionType):
        if data is None and NoneType in get_args(kind):
            return None
        kind = next(each for each in get_args(kind) if each is not NoneType)
    if is_dataclass(kind):
        return decode(kind, data, at)  # type: ignore[arg-type]
    if get_origin(kind) is tuple:
        return _items(get_args(kind)[0], data, at)
    if get_origin(kind) is dict:
        return _mapping(get_args(kind)[1], data, at)
    return _scalar(kind, data, at)


def _items(kind: Any, data: object, at: str) -> tuple[object, ...]:
    if not isinstance(data, list):
        raise Wrong(at, "it is not a list")
    return tuple(_value(kind, each, f"{at}[{number}]") for number, each in enumerate(data))


def _mapping(kind: Any, data: object, at: str) -> dict[str, object]:
    if not isinstance(data, dict):
        raise Wrong(at, "it is not an object")
    return {str(key): _value(kind, each, _join(at, str(key))) for key, each in data.items()}


def _scalar(kind: Any, data: object, at: str) -> object:
    if kind is float and isinstance(data, int) and not isinstance(data, bool):
        data = float(data)
    if type(data) is not kind:
        raise Wrong(at, f"{data!r} is not {_NAMES[kind]}")
    if isinstance(data, float) and not math.isfinite(data):
        raise Wrong(at, f"{data!r} is not finite")
    return data


def _join(at: str, name: str) -> str:
    return f"{at}.{name}" if at else name
