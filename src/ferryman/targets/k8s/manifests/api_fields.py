"""Builds the fields of a manifest from keyword arguments."""

from __future__ import annotations

from typing import Any

__all__ = ("Fields", "fields")

Fields = dict[str, Any]
"""A part of a manifest, under the API's field names."""


def fields(**given: Any) -> Fields:
    """Return the fields under the API's names (`api_version` becomes `apiVersion`), without None.

    The Kubernetes client has models for this, but loading them takes twice as long as a whole
    build, and the schemas check the result anyway.
    """
    return {_camel(name): value for name, value in given.items() if value is not None}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
