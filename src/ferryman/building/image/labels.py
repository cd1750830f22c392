"""The labels of an image, by the names that the OCI image specification gives them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ferryman.building.file_dates import OLDEST
from ferryman.core.errors import ConfigError
from ferryman.project.project import Project
from ferryman.project.setting_sources import read_pyproject

__all__ = ("date_of_build", "label_image", "written")

_DATE_VARIABLE = "SOURCE_DATE_EPOCH"  # https://reproducible-builds.org/specs/source-date-epoch/
_PREFIX = "org.opencontainers.image."
_SOURCES = ("source", "source code", "repository", "github", "gitlab", "code")


def date_of_build() -> int:
    """Return the date of a build's results, in seconds since 1970.

    It is `SOURCE_DATE_EPOCH`, or else a constant.

    Raises:
        ConfigError: The variable is not a whole number.
    """
    text = os.environ.get(_DATE_VARIABLE, "")
    if not text:
        return OLDEST
    if not text.isdecimal() or len(text) > 11:
        raise ConfigError(
            f"environment {_DATE_VARIABLE}: {text!r} is not a date",
            hint="it is a whole number, of seconds since 1970",
        )
    return int(text)


def written(date: int) -> str:
    """Format a date in seconds since 1970 as RFC 3339."""
    return datetime.fromtimestamp(date, UTC).isoformat().replace("+00:00", "Z")


def label_image(project: Project, date: int) -> dict[str, str]:
    """Return the labels of a project's image.

    Raises:
        ConfigError: pyproject.toml cannot be read.
    """
    declared = read_pyproject(project.root).get("project", {})
    labels = {
        "title": project.fields.name,
        "version": project.fields.version,
        "created": written(date),
        "description": _text(declared.get("description")),
        "licenses": _text(declared.get("license")),
        "source": _source(declared.get("urls", {})),
        "revision": _revision(project.root),
    }
    return {f"{_PREFIX}{name}": value for name, value in sorted(labels.items()) if value}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _source(urls: Mapping[str, Any]) -> str:
    named = {name.lower(): _text(url) for name, url in urls.items()}
    return next((named[name] for name in _SOURCES if name in named), "")


def _revision(root: Path) -> str:
    """Return the checked-out commit, or an empty text outside a repository."""
    try:
        done = subprocess.run(
            ["git", "-C", str(root), "rev-parse", "--verify", "--quiet", "HEAD"],
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return done.stdout.strip()
