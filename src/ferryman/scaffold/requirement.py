"""The origin of the running ferryman, as a requirement that installs it elsewhere.

An installer records what it did not take from an index in `direct_url.json`, in the form of
PyPA's "Recording the Direct URL Origin of installed distributions" (PEP 610).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from typing import Any

__all__ = ("direct_reference", "own_requirement")


def own_requirement(extras: tuple[str, ...] = ()) -> str:
    """Return the requirement of the ferryman that runs, from where it was installed.

    Args:
        extras: The extras to ask for.
    """
    name = f"ferryman[{','.join(extras)}]" if extras else "ferryman"
    try:
        installed = distribution("ferryman")
    except PackageNotFoundError:
        return name
    if recorded := installed.read_text("direct_url.json"):
        return f"{name} @ {direct_reference(json.loads(recorded))}"
    return f"{name}>={installed.version}"


def direct_reference(origin: Mapping[str, Any]) -> str:
    """Return the URL that an origin, as recorded, is installed from once more."""
    url = str(origin["url"])
    if source := origin.get("vcs_info"):
        url = f"{source['vcs']}+{url}@{source['commit_id']}"
    if subdirectory := origin.get("subdirectory"):
        url += f"#subdirectory={subdirectory}"
    return url
