"""Fields of a manifest, written with Python's names."""

from __future__ import annotations

from typing import Any

__all__ = ("Fields", "fields")

Fields = dict[str, Any]
"""A part of a manifest, with the names of the API."""


def fields(**given: Any) -> Fields:
    """Return fields under the names of the API; those that are None are left out.

    The Kubernetes client's models would do no more here, for the schemas check what is made, and
    to load them takes twice as long as a whole build.
    """
    return {_camel(name): value for name, value in given.items() if value is not None}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
