"""What an app brings to an artifact: its own files, packages of this machine, requirements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ferryman.core.build.dependencies import app_requirements
from ferryman.core.build.local_packages import make_local_package
from ferryman.core.build.project import Project
from ferryman.core.build.requirements_file import DIRECTORY
from ferryman.core.build.sources import SourceFile, app_files
from ferryman.core.errors import BuildError, reason_of

__all__ = ("AppParts", "gather_app")


@dataclass(frozen=True, slots=True)
class AppParts:
    """What an app brings.

    Attributes:
        files: The app's files, and those of packages that lie on this machine as sources.
        requirements: Lines of a requirements file.
        shipped: The names of packages among the requirements that the files hold already.
    """

    files: tuple[SourceFile, ...]
    requirements: tuple[str, ...]
    shipped: tuple[str, ...] = ()


def gather_app(project: Project, scratch: Path, progress: Callable[[str], None]) -> AppParts:
    """Gather what the app brings.

    Args:
        project: The project.
        scratch: A directory for what cannot be cached.
        progress: Told what is being done.

    Raises:
        AppError: The app's module or attribute does not exist.
        ConfigError: A setting or a requirement is wrong.
        BuildError: Requirements could not be read, or a package not be made.
    """
    files, lines = app_files(project), app_requirements(project)
    directories = [line for line in lines if line.startswith(DIRECTORY)]
    try:
        packages = [
            make_local_package(line, project.root, scratch, progress) for line in directories
        ]
    except OSError as error:
        raise BuildError(
            "a package could not be made of its sources", cause=reason_of(error)
        ) from error
    found = {file.place: file for package in packages for file in package.files}
    found |= {file.place: file for file in files}  # the app's own are the ones it was tested with
    return AppParts(
        files=tuple(found[place] for place in sorted(found)),
        requirements=(
            *(line for line in lines if line not in directories),
            *(package.requirement for package in packages),
        ),
        shipped=tuple(package.name for package in packages),
    )
