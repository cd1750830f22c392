"""Finds values that the API server would refuse in an object that fits its schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ferryman.targets.k8s.misfits import did_you_mean
from ferryman.targets.k8s.validation import object_conditions, pod_conditions
from ferryman.targets.k8s.validation.field_forms import FORMS
from ferryman.targets.k8s.validation.field_tables import (
    AT_MOST_ONE,
    ONE_OF,
    RANGES,
    REQUIRED,
    enumerations,
)
from ferryman.targets.k8s.validation.pod_conditions import Wrong
from ferryman.targets.k8s.validation.walking import Node, nodes

__all__ = ("find_refusals",)

_CONDITIONS = {**pod_conditions.CONDITIONS, **object_conditions.CONDITIONS}


def find_refusals(document: Mapping[str, Any], version: str) -> Iterator[tuple[str, str]]:
    """Yield the path of each field that the server would refuse, and why.

    Args:
        document: The object, which fits its schema.
        version: The version of Kubernetes, as major.minor.
    """
    reported: set[str] = set()
    for node in nodes(document, version):
        for path, message in _refusals(node):
            if path not in reported:
                reported.add(path)
                yield path or "the document", message


def _refusals(node: Node) -> Iterator[Wrong]:
    for condition in _CONDITIONS.get(node.type, ()):
        yield from condition(node)
    yield from _fields(node)
    yield from _sets(node)


def _fields(node: Node) -> Iterator[Wrong]:
    for field, values in enumerations().get(node.type, {}).items():
        given = node.value.get(field)
        for value in given if isinstance(given, list) else [given]:
            if isinstance(value, str) and value not in values:
                listed = ", ".join(filter(None, values))
                message = f"{value!r} is not one of {listed}{did_you_mean(value, values)}"
                yield node.at(field), message
    for field, (least, most) in RANGES.get(node.type, {}).items():
        value = node.value.get(field)
        if isinstance(value, int) and not isinstance(value, bool) and not least <= value <= most:
            yield node.at(field), f"{value} is not within {least} to {most}"
    for field, form in FORMS.get(node.type, {}).items():
        value = node.value.get(field)
        if isinstance(value, str) and value and (problem := form(value)):
            yield node.at(field), f"{value!r} {problem}"


def _sets(node: Node) -> Iterator[Wrong]:
    for field in REQUIRED.get(node.type, ()):
        if not node.value.get(field):
            yield node.at(field), "must be set, and not be empty"
    if sources := ONE_OF.get(node.type):
        given = [source for source in sources if source in node.value]
        if len(given) != 1:
            listed = " and ".join(given) or "none of them"
            yield node.path, f"must have one of {', '.join(sources)}, but has {listed}"
    for group in AT_MOST_ONE.get(node.type, ()):
        given = [field for field in group if field in node.value]
        if len(given) > 1:
            yield node.at(given[1]), f"cannot be set beside {given[0]}"
