"""The dotted keys of settings: `lambda.memory` is the key `memory` of the section `lambda`.

It knows the models of settings and the syntax of keys, but no source of values.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.fields import FieldInfo

__all__ = (
    *("OTHER_SECTIONS", "dotted", "flatten", "known_keys", "nest"),
    *("takes_json", "takes_text"),
)

OTHER_SECTIONS = ("cost", "migrate", "portability")
"""Sections besides the targets'. A verb ignores a section that it does not read."""


def known_keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return each key of a model and of its sections, with its field."""
    return dict(_known_keys(model, ""))


def _known_keys(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    from pydantic import BaseModel

    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _known_keys(field.annotation, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


def takes_json(field: FieldInfo) -> bool:
    """Return whether a key holds a list or a table, which a flag or a variable gives as JSON."""
    return _is_collection(field.annotation)


def takes_text(field: FieldInfo) -> bool:
    """Return whether a key may also hold a text, which flags and variables give unquoted."""
    union = get_origin(field.annotation) in (Union, UnionType)
    parts = get_args(field.annotation) if union else (field.annotation,)
    return any(map(_is_text, parts))


def _is_text(annotation: object) -> bool:
    words = get_args(annotation) if get_origin(annotation) is Literal else ()
    return annotation is str or any(isinstance(word, str) for word in words)


def _is_collection(annotation: object) -> bool:
    from pydantic import BaseModel

    kind = get_origin(annotation) or annotation
    if isinstance(kind, type) and issubclass(kind, Collection | BaseModel):
        return not issubclass(kind, str | bytes)
    return any(_is_collection(argument) for argument in get_args(annotation))


def dotted(parts: Iterable[str]) -> str:
    """Join names to a dotted key; a name with a dot in it is quoted."""
    return ".".join(f'"{part}"' if "." in part else part for part in parts)


def flatten(values: Mapping[str, Any], above: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the key of each value in nested tables, and of each empty table."""
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from flatten(value, (*above, name))
        else:
            yield dotted((*above, name))


def nest(flat: Mapping[str, Any]) -> dict[str, Any]:
    """Return nested tables from values by their keys; if two overlap, the longer key wins."""
    nested: dict[str, Any] = {}
    for key in sorted(flat):
        *parents, last = key.split(".")
        level = nested
        for parent in parents:
            if not isinstance(level.get(parent), dict):
                level[parent] = {}
            level = level[parent]
        level[last] = flat[key]
    return nested
