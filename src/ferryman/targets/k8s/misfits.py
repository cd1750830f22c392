"""Explains where a document does not fit its schema, and suggests a fix. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cache
from itertools import islice
from typing import Any

from ferryman.targets.k8s.schemas import definitions, errors_of, resource_schema

__all__ = ("did_you_mean", "find_misfits")

_MOST = 10
"""The most mistakes to report for one object."""


def did_you_mean(given: str, known: Iterable[object]) -> str:
    """Return a question that suggests a known word, or an empty text."""
    by_lower = {str(word).lower(): str(word) for word in known if word}
    if given.lower() in by_lower:
        return f"; did you mean {by_lower[given.lower()]}?"
    close = get_close_matches(given.lower(), by_lower, n=1, cutoff=0.7)
    return f"; did you mean {by_lower[close[0]]}?" if close else ""


def find_misfits(document: Mapping[str, Any], version: str) -> list[tuple[str, str]]:
    """Return the path and the reason of each mistake against the kind's schema, at most ten.

    The path is empty if the version has no such kind.

    Args:
        document: The document.
        version: The version of Kubernetes, as major.minor.
    """
    kind, api_version = str(document.get("kind")), str(document.get("apiVersion"))
    if resource_schema(api_version, kind, version) is None:
        return [("", _no_kind(api_version, kind, version))]
    return [_misfit(error) for error in islice(errors_of(document, version), _MOST)]


def _misfit(error: Any) -> tuple[str, str]:
    field, reason = _explained(error)
    path = _path([*error.absolute_path, *([field] if field else [])])
    return path or "the document", reason


def _explained(error: Any) -> tuple[str, str]:
    """Return the unknown or missing field of an error, if any, and the reason."""
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {})
        field = next((str(key) for key in error.instance if key not in known), "")
        return field, f"there is no field {field}{did_you_mean(field, known) or _listed(known)}"
    if error.validator == "required":
        field = next((name for name in error.validator_value if name not in error.instance), "")
        return field, f"{field} is missing"
    if error.validator == "enum":
        values = ", ".join(map(str, error.validator_value))
        hint = did_you_mean(str(error.instance), error.validator_value)
        return "", f"{error.instance!r} is not one of {values}{hint}"
    if error.validator in ("type", "oneOf"):
        return "", _wrong_type(error)
    return "", str(error.message)[:300]


def _listed(known: Iterable[str]) -> str:
    names = sorted(known)
    return f"; the fields are {', '.join(names)}" if 0 < len(names) <= _MOST else ""


_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "object": "a mapping",
    "string": "a text",
}


def _wrong_type(error: Any) -> str:
    wanted = error.validator_value
    if error.validator == "oneOf":
        wanted = [name for option in wanted for name in _as_list(option.get("type"))]
    names = [_TYPES.get(name, name) for name in _as_list(wanted) if name != "null"]
    given = error.instance
    shown = json.dumps(given, default=str)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    return f"{shown} must be {' or '.join(dict.fromkeys(names))}{_fix(given, _as_list(wanted))}"


def _as_list(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _fix(given: Any, wanted: list[str]) -> str:
    """Return how to write a value of a wanted type, or an empty text."""
    if isinstance(given, str):
        if {"integer", "number"} & {*wanted} and given.strip().lstrip("-").isdecimal():
            return f"; write {given.strip()} without quotes"
        if "boolean" in wanted and given.lower() in ("true", "yes", "on", "false", "no", "off"):
            return f"; write {'true' if given.lower() in ('true', 'yes', 'on') else 'false'}"
        if "array" in wanted:
            return f'; write a list: ["{given}"]' if len(given) < 40 else "; write a list"
    if isinstance(given, bool | int | float) and "string" in wanted:
        return f'; write it in quotes: "{json.dumps(given)}"'
    if isinstance(given, dict) and "array" in wanted:
        return "; begin each item with a dash"
    if isinstance(given, list) and "object" in wanted:
        return "; remove the dashes"
    return ""


def _no_kind(api_version: str, kind: str, version: str) -> str:
    reason = f"Kubernetes {version} has no kind {kind} in apiVersion {api_version}"
    kinds = _kinds(version)
    if kind in kinds:
        return f"{reason}; did you mean {' or '.join(kinds[kind])}?"
    return f"{reason}{did_you_mean(kind, kinds)}"


@cache
def _kinds(version: str) -> Mapping[str, list[str]]:
    """Return the apiVersions of each kind: the stable ones, or else the others."""
    kinds: dict[str, list[str]] = {}
    for definition in definitions(version).values():
        for identity in definition.get("x-kubernetes-group-version-kind", ()):
            text = "/".join(filter(None, (identity["group"], identity["version"])))
            kinds.setdefault(identity["kind"], []).append(text)
    for kind, versions in kinds.items():
        stable = [text for text in versions if "alpha" not in text and "beta" not in text]
        kinds[kind] = sorted(set(stable or versions))
    return kinds


def _path(parts: Iterable[str | int]) -> str:
    joined = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return joined.removeprefix(".")
