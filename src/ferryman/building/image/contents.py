"""The layers of an image above the interpreter: packages, ferryman, the app, its settings.

Layers that rarely change lie below those that often do, and files that two targets share have their
own layer, so that a registry has most layers already.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import Distribution
from pathlib import Path

from ferryman.building.app_files import runtime_files
from ferryman.building.app_parts import gather_app, resolve_parts
from ferryman.building.artifact import tree_digest
from ferryman.building.bytecode import find_interpreter
from ferryman.building.cache import digest_of
from ferryman.building.dependencies import AIOHTTP
from ferryman.building.image.interpreter import Python
from ferryman.building.image.layer import Entry, Layer, tree_entries, write_layer
from ferryman.building.image.layer_cache import kept_layer
from ferryman.building.image.libraries import find_libraries, resolve_inside
from ferryman.building.image.manifest import APP
from ferryman.building.image.plan import ImagePlan
from ferryman.building.image.root import PACKAGES, Root
from ferryman.building.native_files import check_native_files
from ferryman.building.own_files import OwnFiles
from ferryman.building.packages import Packages, Recipe, prepare_packages
from ferryman.building.start_check import Trial, Verdict, parsed, try_app
from ferryman.core.settings import SETTINGS_FILE
from ferryman.project.project import Project

__all__ = ("SYSTEM", "Contents", "image_layers", "prepare_contents")

SYSTEM = ("certifi", "tzdata")
"""Data that every image needs: certificate authorities and time zones."""

# Its module of C++ would bring a library of 2 MB; the module of Python beside it does the
# same, and aiohttp asks it a few times in a request.
_TWINS = ("frozenlist/_frozenlist*.so",)

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of an image above the interpreter.

    Attributes:
        shared: aiohttp, the data that every image needs, and the app's packages.
        own: Further packages of the target's runtime.
        runtime: ferryman's runtime half.
        app: The app's files.
        verdict: How far the app was tried.
        left_out: The project's files that do not ship, in words.
    """

    shared: Packages
    own: Packages
    runtime: Path
    app: Path
    verdict: Verdict
    left_out: tuple[str, ...]


def prepare_contents(
    project: Project, plan: ImagePlan, python: Python, scratch: Path, progress: Progress
) -> Contents:
    """Fetch and compile the contents above the interpreter.

    Raises:
        AppError: The app's module or attribute does not exist.
        ConfigError: There is no set of wheels that fits.
        BuildError: Packages could not be fetched or written.
    """
    recipe = Recipe(
        platform=python.platform(),
        location=f"/{PACKAGES}",
        keep=(*plan.options.keep, *plan.keep),
        drop=(*plan.options.drop, *plan.drop),
        slim=plan.options.slim or plan.slim,
        twins=_TWINS,
    )

    def prepare(lines: tuple[str, ...], shipped: tuple[str, ...]) -> tuple[Packages, Packages]:
        return _prepare(project, plan, replace(recipe, omit=shipped), lines, scratch, progress)

    gathered = plan.hold(gather_app(project, scratch, progress), project.root)
    parts, (shared, own) = resolve_parts(gathered, (AIOHTTP, *SYSTEM), prepare)
    check_native_files(parts.files, python.minor, python.machine)
    compiler = find_interpreter(python.minor)
    runtime = OwnFiles(scratch / "runtime", compiler, f"/{PACKAGES}")
    runtime.add_runtime(runtime_files(plan.package), scratch)
    app = OwnFiles(scratch / "app", compiler, f"/{APP}")
    app.add_app(parts.files, project.fields.name, scratch)
    there = (runtime.directory, shared.tree, own.tree)
    if python.machine != platform.machine():
        why = f"the app was not imported: the image is for {python.machine}"
        verdict = parsed(app.directory, python.minor, why)
    else:
        capability = f"ferryman.targets.{plan.package}.runtime.capability"
        trial = Trial(app.directory, capability, there)
        verdict = try_app(project, parts, trial, scratch, progress)
    verdict = replace(verdict, notes=(*parts.notes, *verdict.notes))
    left_out = tuple(map(str, parts.left_out))
    return Contents(shared, own, runtime.directory, app.directory, verdict, left_out)


def _prepare(
    project: Project,
    plan: ImagePlan,
    recipe: Recipe,
    lines: tuple[str, ...],
    scratch: Path,
    progress: Progress,
) -> tuple[Packages, Packages]:
    """Return the packages that targets share, and the further ones of this target."""
    prepare = partial(prepare_packages, root=project.root, progress=progress)
    shared = prepare(lines, recipe, scratch=scratch / "shared")
    pins = _pins(shared.tree)
    extra = (*plan.requirements, *lines, *(f"{name}=={pin}" for name, pin in pins.items()))
    beside = replace(recipe, omit=(*recipe.omit, *pins))
    return shared, prepare(extra, beside, scratch=scratch / "beside")


def image_layers(
    contents: Contents, root: Root, plan: ImagePlan, scratch: Path, date: int
) -> tuple[Layer, ...]:
    """Write the layers above the first one, and return them.

    Args:
        contents: Their contents.
        root: The contents of the first layer.
        plan: The target's plan of its image.
        scratch: A directory to write in.
        date: When the app's files were changed last, in seconds since 1970.

    Raises:
        BuildError: A shared library that a package needs is missing.
        OSError: The layers cannot be written.
    """
    below = set(root.libraries)
    dependencies, libraries = _packages_layer(
        "dependencies", contents.shared.tree, {}, root, below, scratch
    )
    runtime, _ = _packages_layer(
        f"ferryman for {plan.package.rstrip('_')}",
        contents.own.tree,
        {f"{PACKAGES}/": contents.runtime},
        root,
        below | libraries,
        scratch,
    )
    app = write_layer("the app", tree_entries(contents.app, APP), scratch / "app.tar.gz", date=date)
    settings = {f"{PACKAGES}/{SETTINGS_FILE}": Entry(plan.settings.to_json().encode())}
    return (
        dependencies,
        runtime,
        app,
        write_layer("settings", settings, scratch / "settings.tar.gz"),
    )


def _packages_layer(
    name: str, tree: Path, more: Mapping[str, Path], root: Root, below: set[str], scratch: Path
) -> tuple[Layer, set[str]]:
    """Return a layer of packages and of the libraries that only they need, and their names."""
    place = root.python.libraries
    modules = [path for path in tree.rglob("*") if ".so" in path.suffixes]
    needed = find_libraries(modules, place, shipped=tree)
    libraries = {
        f"{place.home()}/{name}": Entry(resolve_inside(place.root, path))
        for name, path in needed.items()
        if name not in below
    }

    def collect() -> Mapping[str, Entry]:
        found = tree_entries(tree, PACKAGES) | libraries
        for directory in more.values():
            found |= tree_entries(directory, PACKAGES)
        return found

    digests = [tree_digest(directory) for directory in (tree, *more.values())]
    contents = {
        p: tree_digest(e.content) for p, e in libraries.items() if isinstance(e.content, Path)
    }
    key = digest_of(name, PACKAGES, digests, contents)
    return kept_layer(name, key, collect, scratch), set(needed)


def _pins(tree: Path) -> dict[str, str]:
    """Return the version of each distribution in a directory, by its name."""
    found = (Distribution.at(path) for path in sorted(tree.glob("*.dist-info")))
    return {one.name: one.version for one in found}
