"""Renders the files of a new project, and writes them; rendering is pure."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ferryman.core.errors import ConfigError

__all__ = ("DEPLOYING", "EXTRAS", "NewProject", "render_project", "write_project")

DEPLOYING: Mapping[str, str] = {
    "lambda": """\
      - uses: aws-actions/configure-aws-credentials@v4
        with:
          role-to-assume: ${{ vars.AWS_ROLE }}
          aws-region: ${{ vars.AWS_REGION }}
      - name: deploy
        run: |
          aws lambda update-function-code --no-cli-pager \\
            --function-name "@name@-$ENVIRONMENT" --zip-file fileb://dist/lambda/@name@.zip""",
    "server": """\
      - name: push the image
        run: |
          docker build -t "$REGISTRY/@name@:$GITHUB_SHA" dist/server
          docker push "$REGISTRY/@name@:$GITHUB_SHA\"""",
    "k8s": """\
      - name: deploy
        run: |
          .venv/bin/ferryman deploy -t k8s --env "$ENVIRONMENT" --rollback-on-failure""",
}
"""What the pipeline does after a build, by target."""

EXTRAS: Mapping[str, tuple[str, ...]] = {
    "lambda": ("aws", "build", "dev", "lambda", "server"),
    "server": ("build", "dev", "lambda", "server"),
    "k8s": ("build", "dev", "k8s", "lambda", "server"),
}
"""The extras of ferryman that a project works with, by target; its tests run on two."""

_FILES = Path(__file__).parent / "files"
_NAME = re.compile(r"[a-z][a-z0-9-]{0,61}[a-z0-9]|[a-z]")
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
    """What is asked for.

    Attributes:
        name: The project's name: lower-case letters, digits and dashes.
        target: The target that its pipeline deploys to.
        python: The Python it is built for, as major.minor.
        ferryman: The requirement by which it installs ferryman.
    """

    name: str
    target: str = "lambda"
    python: str = "3.13"
    ferryman: str = "ferryman"

    @property
    def package(self) -> str:
        """The name of its package."""
        return self.name.replace("-", "_")


def render_project(project: NewProject) -> dict[str, str]:
    """Return the text of each file, by its place in the project.

    Raises:
        ConfigError: The name cannot be one.
    """
    if not _NAME.fullmatch(project.name):
        raise ConfigError(
            f"'{project.name}' cannot be a project's name",
            hint="use lower-case letters, digits and dashes, with a letter first, as in shop",
        )
    if project.package in _TAKEN:
        raise ConfigError(
            f"'{project.name}' cannot be a project's name",
            cause=f"a package of the name '{project.package}' would hide another",
            hint="choose another name",
        )
    return {
        _fill(place, project): _fill((_FILES / source).read_text(encoding="utf-8"), project)
        for source, place in _PLACES.items()
    }


def write_project(files: Mapping[str, str], directory: Path) -> None:
    """Write the files into a new directory, all or none.

    Raises:
        ConfigError: The directory exists.
    """
    try:
        directory.mkdir(parents=True)
    except FileExistsError:
        raise ConfigError(
            f"{directory} exists", hint="choose another name, or move what is there"
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
    values = {
        "deploying": DEPLOYING[project.target],
        "ferryman": project.ferryman,
        "name": project.name,
        "package": project.package,
        "target": project.target,
        "python": project.python,
        "variable": project.package.upper(),
    }
    for name, value in values.items():
        text = text.replace(f"@{name}@", value)
    return text
