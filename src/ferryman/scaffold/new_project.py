"""Renders the files of a new project, and writes them; rendering is pure."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ferryman.core.errors import ConfigError
from ferryman.scaffold.pipelines import pipeline_for

__all__ = ("NewProject", "check_name", "render_project", "write_project")

_FILES = Path(__file__).parent / "files"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,61}[a-z0-9]|[a-z]")
_PYTHON = re.compile(r"3\.1[1-9]")
_TAKEN = frozenset({"aiohttp", "ferryman", "test", "tests", "site", "dist", "build"})

# Where each file goes; `@package@` in a place is the app's package.
_PLACES: Mapping[str, str] = {
    "app/__init__.py.txt": "@package@/__init__.py",
    "app/app.py.txt": "@package@/app.py",
    "app/settings.py.txt": "@package@/settings.py",
    "tests/test_app.py.txt": "tests/test_app.py",
    "workflows/ci.yml.txt": ".github/workflows/ci.yml",
    "gitignore.txt": ".gitignore",
    "Makefile.txt": "Makefile",
    "README.md.txt": "README.md",
    "pyproject.toml.txt": "pyproject.toml",
}


@dataclass(frozen=True, slots=True)
class NewProject:
    """The choices of the user.

    Attributes:
        name: The project's name: lower-case letters, digits and dashes.
        target: The target that its pipeline deploys to.
        python: The Python it is built for, as major.minor.
        ferryman: The requirement by which it installs ferryman.
        pipeline: Whether it has a pipeline, of GitHub Actions.
    """

    name: str
    target: str = "lambda"
    python: str = "3.13"
    ferryman: str = "ferryman"
    pipeline: bool = True

    @property
    def package(self) -> str:
        """The name of its package."""
        return self.name.replace("-", "_")


def check_name(name: str) -> str:
    """Return a project's name.

    Raises:
        ConfigError: It cannot be one.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"'{name}' cannot be a project's name",
            hint="use lower-case letters, digits and dashes, with a letter first, as in shop",
        )
    if (package := name.replace("-", "_")) in _TAKEN:
        raise ConfigError(
            f"'{name}' cannot be a project's name",
            cause=f"a package of the name '{package}' would hide another",
            hint="choose another name",
        )
    return name


def render_project(project: NewProject) -> dict[str, str]:
    """Return the text of each file, by its place in the project.

    Raises:
        ConfigError: The name cannot be one, or ferryman does not run on the Python.
    """
    check_name(project.name)
    if not _PYTHON.fullmatch(project.python):
        raise ConfigError(
            f"a project cannot be for Python '{project.python}'",
            hint="name a version from 3.11 on as major.minor, such as 3.13",
        )
    return {
        _fill(place, project): _fill(_text(source, project), project)
        for source, place in _PLACES.items()
        if project.pipeline or not place.startswith(".github/")
    }


def _text(source: str, project: NewProject) -> str:
    text = (_FILES / source).read_text(encoding="utf-8")
    return text if project.pipeline else text.partition("\n## The pipeline\n")[0]


def write_project(files: Mapping[str, str], directory: Path) -> None:
    """Write the files into a new directory, all or none.

    Raises:
        ConfigError: The directory exists.
    """
    try:
        directory.mkdir(parents=True)
    except FileExistsError:
        raise ConfigError(
            f"{directory} exists", hint="choose another name, or move the directory away"
        ) from None
    try:
        for place, text in files.items():
            path = directory / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise


def _fill(text: str, project: NewProject) -> str:
    choice = pipeline_for(project.target)
    values = {
        "reviewing": _workflow("review"),
        "review_steps": _workflow(choice.review) if choice.review else "",
        "review_permission": f"      {choice.permission}" if choice.review else "",
        "and_changes": ", and what a deploy to staging changes" if choice.review else "",
        "deploying": _workflow(choice.workflow),
        "target_table": f"[tool.ferryman.{project.target}]\n{choice.settings}\n"
        if choice.settings
        else "",
        "staging": choice.staging,
        "production": choice.production,
        "permission": choice.permission,
        "pipeline": choice.pipeline,
        "ferryman": project.ferryman,
        "name": project.name,
        "package": project.package,
        "target": project.target,
        "python": project.python,
        "variable": project.package.upper(),
    }
    for name, value in values.items():
        # A line that nothing is put into goes.
        text = text if value else text.replace(f"@{name}@\n", "")
        text = text.replace(f"@{name}@", value)
    return text


def _workflow(name: str) -> str:
    return (_FILES / f"workflows/{name}.yml.txt").read_text(encoding="utf-8").rstrip()
