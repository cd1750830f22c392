"""An app's parts of an artifact: its own files, wheels of this machine, requirements."""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from ferryman.building.app_files import AppFiles, LeftOut, SourceFile, choose_app_files
from ferryman.building.conflicts import naming_who_requires
from ferryman.building.dependencies import Platform, extras_of, name_of, pin_wheels
from ferryman.building.fetched_wheels import Workshop, is_elsewhere, is_secret, is_wheel_here
from ferryman.building.local_wheels import LocalWheel, given_wheel, make_local_wheel
from ferryman.building.own_distribution import (
    install_distribution,
    made_distribution,
    stated_distribution,
    states_its_version,
)
from ferryman.building.project_requirements import project_requirements
from ferryman.building.requirements_file import DIRECTORY, ONLY_WHEELS
from ferryman.building.uv import NoWheels
from ferryman.core.errors import BuildError, ConfigError, FerrymanError, reason_of
from ferryman.project.project import Project
from ferryman.project.setting_sources import read_pyproject

__all__ = ("AppParts", "case_clashes", "gather_app", "resolve_parts")

_Given = TypeVar("_Given")
_Resolved = TypeVar("_Resolved")


@dataclass(frozen=True, slots=True)
class AppParts:
    """An app's parts of an artifact.

    Attributes:
        own: The app's own files, and the metadata of its distribution if it is one.
        wheels: Wheels on this machine that it depends on.
        requirements: Lines of a requirements file, including those for the wheels.
        place: The source of the requirements, such as `uv.lock`.
        workshop: Makes wheels of packages that have none.
        modules: The app's files that its imports reach.
        left_out: The project's files that do not ship.
        project: The project's own wheel, if only its build back end knows the requirements.
        notes: Sources of settings that were not read, and steps that were not possible, in words.
    """

    own: tuple[SourceFile, ...]
    wheels: tuple[LocalWheel, ...]
    requirements: tuple[str, ...]
    place: str
    workshop: Workshop
    modules: tuple[SourceFile, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    project: LocalWheel | None = None
    notes: tuple[str, ...] = ()

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """The app's own files, and those of wheels that were made here, by their places."""
        found = {file.place: file for wheel in self.wheels for file in wheel.files}
        found |= {file.place: file for file in self.own}  # the app was tested with its own
        return tuple(found[place] for place in sorted(found))

    @property
    def shipped(self) -> tuple[str, ...]:
        """The packages among the requirements that `files` holds already."""
        made = tuple(wheel.name for wheel in self.wheels if wheel.files)
        return (*made, self.project.name) if self.project else made


def gather_app(project: Project, scratch: Path, progress: Callable[[str], None]) -> AppParts:
    """Gather the app's parts.

    Args:
        project: The project.
        scratch: A directory for files that cannot be cached.
        progress: Called with each step.

    Raises:
        AppError: The app's module or attribute does not exist.
        ConfigError: A setting or a requirement is wrong.
        BuildError: Requirements could not be read, or a package could not be built.
    """
    chosen, found = choose_app_files(project), project_requirements(project)
    options = tuple(line for line in found.lines if _is_option(line))
    workshop = Workshop(project.root, project.fields.python, options, scratch, progress)
    made = {line: _wheel(line, workshop) for line in found.lines}
    wheels = {line: wheel for line, wheel in made.items() if wheel}
    itself = next((wheels[line] for line in wheels if _leads_to(line, project.root)), None)
    distribution, lacks = _guarded(partial(_own_distribution, project, chosen, workshop), itself)
    return AppParts(
        own=(*distribution, *chosen.files),
        wheels=tuple(wheel for wheel in wheels.values() if wheel is not itself),
        requirements=tuple(
            wheels[line].requirement if line in wheels else line for line in found.lines
        ),
        place=found.place,
        workshop=workshop,
        modules=chosen.modules,
        left_out=chosen.left_out,
        project=itself,
        notes=(*found.notes, *lacks, *case_clashes(file.place for file in chosen.files)),
    )


def resolve_parts(
    parts: AppParts,
    ours: Sequence[str],
    resolve: Callable[[tuple[str, ...], tuple[str, ...]], _Resolved],
) -> tuple[AppParts, _Resolved]:
    """Resolve the app's requirements; packages without a wheel are built first.

    Args:
        parts: The app's parts.
        ours: The lines that ferryman adds for the target.
        resolve: Resolves the lines, given the packages among them that ship already.

    Returns:
        The parts, with the built wheels; and the result of `resolve`.

    Raises:
        ConfigError: The requirements contradict each other, or a wheel cannot be made.
        BuildError: A package could not be fetched or written.
    """
    while True:
        try:
            with naming_who_requires(ours, parts.place):
                return parts, resolve((*ours, *parts.requirements), parts.shipped)
        except NoWheels as error:
            if ONLY_WHEELS in parts.requirements or {*error.packages} & {*parts.shipped}:
                raise
            with naming_who_requires(ours, parts.place):
                parts = _with_wheels_of(parts, ours, error.packages)


def _sources_needed(
    names: tuple[str, ...], pin: Callable[[Sequence[str]], tuple[str, ...]]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the packages to build from sources, as few as possible, and the pins with them.

    uv names a package too if only some of its versions have no wheel, and would then take its
    sources where a wheel fits.

    Args:
        names: The packages that uv names.
        pin: Pins all packages, with the sources of some.

    Raises:
        NoWheels: Further packages have no wheel.
    """
    several = names if len(names) > 1 else ()
    for name in several:
        with suppress(ConfigError, BuildError):
            return (name,), pin((name,))
    pins = pin(names)
    for name in several:
        fewer = tuple(each for each in names if each != name)
        with suppress(ConfigError, BuildError):
            pins = pin(fewer)
            names = fewer
    return names, pins


def _with_wheels_of(parts: AppParts, ours: Sequence[str], names: tuple[str, ...]) -> AppParts:
    """Return parts with wheels built from the sources of packages."""
    workshop = parts.workshop
    here = Platform(workshop.python, f"{platform.machine()}-manylinux_2_28")

    def pin_all(names: Sequence[str]) -> tuple[str, ...]:
        lines = (*ours, *parts.requirements)
        return pin_wheels(lines, here, root=workshop.root, from_sources=names)

    pins: tuple[str, ...] = ()
    while not pins:
        try:
            names, pins = _sources_needed(names, pin_all)
        except NoWheels as error:
            if {*error.packages} <= {*names}:
                raise
            names = tuple(dict.fromkeys((*names, *error.packages)))
    extras = {name_of(line): extras_of(line) for line in parts.requirements}
    made = []
    for pin in pins:
        if (name := name_of(pin)) in names:
            wheel = _guarded(workshop.make, pin)
            asked = wheel.requirement.replace(name, name + extras.get(name, ""), 1)
            made.append(replace(wheel, requirement=asked))
    kept = (line for line in parts.requirements if name_of(line) not in names)
    return replace(
        parts,
        wheels=(*parts.wheels, *made),
        requirements=(*kept, *(wheel.requirement for wheel in made)),
    )


def _wheel(line: str, workshop: Workshop) -> LocalWheel | None:
    """Return the wheel that a line leads to, if it leads past the index."""
    if line.startswith(DIRECTORY):
        return _guarded(
            lambda each: make_local_wheel(each, workshop.root, workshop.scratch, workshop.progress),
            line,
        )
    if is_elsewhere(line):
        return _guarded(workshop.make, line)
    if is_secret(line):
        return _guarded(workshop.fetch, line)
    return given_wheel(line) if is_wheel_here(line) else None


def _guarded(make: Callable[[_Given], _Resolved], given: _Given) -> _Resolved:
    try:
        return make(given)
    except OSError as error:
        raise BuildError(
            "a package could not be made of its sources", cause=reason_of(error)
        ) from error


def _own_distribution(
    project: Project, chosen: AppFiles, workshop: Workshop, itself: LocalWheel | None
) -> tuple[tuple[SourceFile, ...], tuple[str, ...]]:
    """Return the files of the project's own distribution, if any; or a note on what is missing."""
    document = read_pyproject(project.root)
    if states_its_version(document):
        contents = stated_distribution(document)
    elif itself or "build-system" in document or (project.root / "setup.py").is_file():
        line = f"{DIRECTORY}{project.root}"
        try:
            made = itself or make_local_wheel(
                line, project.root, workshop.scratch, workshop.progress
            )
        except FerrymanError as error:
            return (), (f"importlib.metadata will not know the project: {error.message}",)
        contents = made_distribution(made.files)
    else:
        return (), ()
    return install_distribution(contents, chosen.files, workshop.scratch / "distribution"), ()


def _leads_to(line: str, root: Path) -> bool:
    return line.startswith(DIRECTORY) and line.removeprefix(DIRECTORY).partition("[")[0] == str(
        root
    )


def _is_option(line: str) -> bool:
    return line.startswith("-") and not line.startswith((DIRECTORY, "-c"))


def case_clashes(places: Iterable[str]) -> tuple[str, ...]:
    """Return a note for each pair of places that differ only in case.

    Args:
        places: Relative paths with forward slashes. Their directories count, too.
    """
    first: dict[str, str] = {}
    found = []
    for name in sorted({name for place in places for name in _with_directories(place)}):
        other = first.setdefault(name.casefold(), name)
        if other != name and _ends_differ(other, name):
            found.append(
                f"{other} and {name} differ in case alone: where a file system ignores case, as "
                "on macOS and Windows, only one of them is there"
            )
    return tuple(found)


def _with_directories(place: str) -> Iterable[str]:
    parts = place.split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts) + 1))


def _ends_differ(one: str, other: str) -> bool:
    """Return whether two names differ in their last part, and not only in a directory."""
    return one.rpartition("/")[2] != other.rpartition("/")[2]
