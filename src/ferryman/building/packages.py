"""The packages of an artifact: fetched, stripped, compiled, and kept for the next build.

They ship as pip installs them. Packages that were tested without their unimported files ship
without those; so do packages that do not read their own files, if the project asks for it. Builds
share the result, so it must not be changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from ferryman.building.bytecode import (
    Compilation,
    Deferral,
    Interpreter,
    cached_place,
    compile_files,
    compiler_digest,
    find_interpreter,
)
from ferryman.building.cache import cached, digest_of, made_once
from ferryman.building.contents_report import Dropped
from ferryman.building.dependencies import Platform, install_wheels, pin_wheels
from ferryman.building.installed import Installed, installed_in, rewrite_records
from ferryman.building.pruning import (
    BYTECODE_ONLY,
    Choice,
    choose_dropped,
    find_self_reading,
    is_kept,
)
from ferryman.building.resolution_cache import resolved_lately
from ferryman.building.stripping import Stripper, find_stripper, strip_extension
from ferryman.building.tried_packages import Tried, tried_digest, tried_package
from ferryman.core.errors import BuildError, reason_of
from ferryman.records.wording import counted, size_text

__all__ = ("Packages", "Recipe", "files_in", "prepare_packages", "prepare_tree")

# Raise it when the preparation changes, so that no build uses an older result.
_FORMAT = 5

_TREE = "tree"
_RECORD = "record.json"

# Where an installer puts the scripts of packages.
_SCRIPTS = "bin"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How packages are prepared.

    Attributes:
        platform: What the wheels must fit.
        location: The directory that they run from, for tracebacks.
        keep: Glob patterns of files that ship unchanged.
        drop: Glob patterns of files that do not ship.
        omit: Packages that the platform already has.
        slim: Whether packages ship without files that nothing imports, unless they read their own
            files.
        twins: Glob patterns of extension modules that slim packages have in Python too, and
            that do not ship.
    """

    platform: Platform
    location: str
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()
    slim: bool = False
    twins: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Packages:
    """Packages that are ready to ship.

    Attributes:
        tree: The directory that holds them. It is shared: do not change it.
        digest: The digest of the content.
        owners: The distribution of each file that ships, by its place.
        wheel: Bytes of each distribution as it was installed.
        dropped: The files that do not ship.
        notes: The steps that were done, in words.
        lacks: The steps that were not possible here, in words.
    """

    tree: Path
    digest: str
    owners: dict[str, str]
    wheel: dict[str, int]
    dropped: tuple[Dropped, ...]
    notes: tuple[str, ...]
    lacks: tuple[str, ...]


def prepare_packages(
    requirements: Sequence[str],
    recipe: Recipe,
    *,
    root: Path,
    scratch: Path,
    progress: Callable[[str], None],
) -> Packages:
    """Return the packages of requirements, from the cache if possible.

    Args:
        requirements: Lines of a requirements file.
        recipe: How to prepare them.
        root: The project's directory.
        scratch: A directory for files that cannot be cached.
        progress: Called with each step.

    Raises:
        ConfigError: There is no set of wheels that fits.
        BuildError: The packages could not be fetched or written.
    """
    platform = recipe.platform
    progress(f"resolving dependencies for {platform.wheels}, Python {platform.python}")
    pins = _pin(requirements, recipe, root, scratch)
    options = tuple(line for line in requirements if line.startswith("-"))
    work = _preparation(recipe)

    def make(directory: Path) -> None:
        progress(f"installing {counted(len(pins), 'package')}")
        install_wheels(pins, platform, directory / _TREE, root=root, options=options)
        progress("pruning and compiling packages")
        record = work.run(directory / _TREE)
        (directory / _RECORD).write_text(json.dumps(record), encoding="utf-8")

    # A requirement without a hash may change under its name.
    hashed = all("--hash" in pin for pin in pins)
    key = digest_of(_FORMAT, compiler_digest(), tried_digest(), pins, asdict(recipe), *work.tools())
    try:
        return _read(
            cached("packages", key, make, scratch) if hashed else made_once(scratch, key, make)
        )
    except OSError as error:
        raise BuildError("the packages could not be written", cause=reason_of(error)) from error


def prepare_tree(tree: Path, recipe: Recipe) -> None:
    """Prepare a directory of installed wheels in place.

    Raises:
        BuildError: The compiler failed.
        OSError: It cannot be written.
    """
    _preparation(recipe).run(tree)


def _preparation(recipe: Recipe) -> _Preparation:
    platform = recipe.platform
    stripper = find_stripper(platform.wheels.partition("-")[0])
    return _Preparation(recipe, find_interpreter(platform.python), stripper)


def _pin(requirements: Sequence[str], recipe: Recipe, root: Path, scratch: Path) -> tuple[str, ...]:
    about = [asdict(recipe.platform), recipe.omit]
    resolve = partial(pin_wheels, requirements, recipe.platform, root=root, omit=recipe.omit)
    try:
        return resolved_lately(requirements, about, root, scratch, resolve)
    except OSError as error:
        raise BuildError(
            "what was resolved could not be written", cause=reason_of(error)
        ) from error


def files_in(tree: Path) -> dict[str, Path]:
    """Return the files of a directory by their places, in the order of the places."""
    found = {p.relative_to(tree).as_posix(): p for p in tree.rglob("*") if p.is_file()}
    return dict(sorted(found.items()))


def _read(directory: Path) -> Packages:
    record = json.loads((directory / _RECORD).read_text(encoding="utf-8"))
    return Packages(
        tree=directory / _TREE,
        digest=directory.name,
        owners=record["owners"],
        wheel=record["wheel"],
        dropped=tuple(Dropped(**one) for one in record["dropped"]),
        notes=tuple(record["notes"]),
        lacks=tuple(record["lacks"]),
    )


@dataclass(frozen=True, slots=True)
class _Treatment:
    """The treatment of a distribution.

    Attributes:
        installed: The distribution.
        tried: Its entry in the list of tested packages, if any.
        slim: Whether to leave out files that nothing imports.
    """

    installed: Installed
    tried: Tried | None
    slim: bool


class _Preparation:
    """The steps between a directory of installed wheels and one that ships.

    Args:
        recipe: How to prepare them.
        interpreter: The compiling interpreter, if any.
        stripper: The stripping program, if any.
    """

    def __init__(
        self, recipe: Recipe, interpreter: Interpreter | None, stripper: Stripper | None
    ) -> None:
        self._recipe = recipe
        self._interpreter = interpreter
        self._stripper = stripper
        self._notes: list[str] = []
        self._lacks: list[str] = []

    def tools(self) -> tuple[object, ...]:
        """Return the tools that determine the bytes, besides the recipe."""
        tools = (self._interpreter, self._stripper)
        return tuple(asdict(tool) if tool else None for tool in tools)

    def run(self, tree: Path) -> dict[str, object]:
        """Prepare a directory, and return a record of the steps."""
        places = files_in(tree)
        treatments = self._treat(tree)
        by_place = {place: one for one in treatments for place in one.installed.places}
        owners = {place: one.installed.name for place, one in by_place.items()}
        slim = {place for place, one in by_place.items() if one.slim}
        sizes = {place: path.stat().st_size for place, path in places.items()}
        scripts = {place for place, path in places.items() if _is_script(place, path)}
        choice = Choice(self._recipe.keep, self._recipe.drop, slim, self._recipe.twins, scripts)
        reasons = choose_dropped(places, choice)
        for place in reasons:
            places[place].unlink()
        self._strip(tree)
        _shorten_metadata(tree, treatments)
        compiled = self._compile(tree, by_place)
        for source, bytecode in compiled.items():
            owners[bytecode] = owners.get(source, source.partition("/")[0])
            if not (tree / source).exists():
                reasons[source] = BYTECODE_ONLY
        rewrite_records(tree, compiled)
        owners |= {p: one.name for one in installed_in(tree) for p in one.places}
        dropped = [Dropped(p, owners.get(p, ""), sizes[p], reasons[p]) for p in sorted(reasons)]
        return {
            "owners": {place: owners.get(place, "") for place in files_in(tree)},
            "wheel": _totals(sizes, owners),
            "dropped": [asdict(one) for one in dropped],
            "notes": self._notes,
            "lacks": self._lacks,
        }

    def _treat(self, tree: Path) -> tuple[_Treatment, ...]:
        treatments = []
        for one in installed_in(tree):
            tried = tried_package(one.name, one.version)
            slim = tried is not None
            if self._recipe.slim and not slim:
                sources = (place for place in one.places if place.endswith(".py"))
                reading = find_self_reading(
                    {p: (tree / p).read_bytes() for p in sources if (tree / p).is_file()}
                )
                slim = reading is None
                if reading:
                    self._notes.append(f"{one.name} ships whole: {reading}")
            treatments.append(_Treatment(one, tried, slim))
        return tuple(treatments)

    def _strip(self, tree: Path) -> None:
        if self._stripper is None:
            self._lacks.append("extension modules keep their symbols: there is no strip for them")
            return
        modules = [p for p in files_in(tree).values() if ".so" in p.suffixes]
        saved = sum(strip_extension(path, self._stripper) for path in modules)
        self._notes.append(
            f"{counted(len(modules), 'extension module')} stripped by {self._stripper.command}: "
            f"{size_text(saved)} less"
        )

    def _compile(self, tree: Path, by_place: Mapping[str, _Treatment]) -> dict[str, str]:
        """Compile sources, and return the places of their bytecode by source.

        Bytecode replaces the sources of slim packages, and lies beside those of others.
        """
        if self._interpreter is None:
            python = self._recipe.platform.python
            self._lacks.append(
                f"no bytecode ships, and each cold start compiles: there is no Python {python} on "
                f"this machine to compile with; `uv python install {python}` brings one"
            )
            return {}
        sources = [place for place in files_in(tree) if place.endswith(".py")]
        kept = {place for place in sources if is_kept(place, self._recipe.keep)}
        slim = {p for p in sources if p not in kept and p in by_place and by_place[p].slim}
        whole = {p: cached_place(p, self._interpreter.tag) for p in sources if p not in slim}
        alone = {place: f"{place}c" for place in sources if place in slim}
        deferred = {p: self._deferral(p, by_place[p].tried) for p in alone}
        compiled = self._run_compiler(tree, whole, {}, columns=True)
        replaced = self._run_compiler(tree, alone, deferred, columns=False)
        for place in replaced:
            (tree / place).unlink()
        if waiting := sorted({p.partition("/")[0] for p, one in deferred.items() if one}):
            self._notes.append(f"what is defined in {', '.join(waiting)} waits for its first use")
        return compiled | replaced

    def _deferral(self, place: str, tried: Tried | None) -> Deferral | None:
        """Return the definitions that may wait in a module, if its package was tested so."""
        if tried is None or self._recipe.platform.python not in tried.pythons:
            return None
        name = place.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        return Deferral(tried.facades.get(name)) if name in tried.started else None

    def _run_compiler(
        self,
        tree: Path,
        targets: Mapping[str, str],
        deferred: Mapping[str, Deferral | None],
        *,
        columns: bool,
    ) -> dict[str, str]:
        """Compile sources to their targets, and return those that are valid Python."""
        assert self._interpreter
        compilations = [
            Compilation(
                tree / place, tree / target, f"{self._recipe.location}/{place}", deferred.get(place)
            )
            for place, target in targets.items()
        ]
        invalid = compile_files(self._interpreter, compilations, columns=columns)
        return {p: target for p, target in targets.items() if tree / p not in invalid}


def _is_script(place: str, path: Path) -> bool:
    """Return whether a file is a script whose first line an installer wrote."""
    if place.partition("/")[0] != _SCRIPTS:
        return False
    with path.open("rb") as file:
        return file.read(2) == b"#!"


def _shorten_metadata(tree: Path, treatments: Iterable[_Treatment]) -> None:
    """Remove the long descriptions from slim packages' METADATA."""
    for one in treatments:
        path = tree / one.installed.metadata / "METADATA"
        if one.slim and path.is_file():
            headers, _, _ = path.read_bytes().partition(b"\n\n")
            path.write_bytes(headers + b"\n")


def _totals(sizes: dict[str, int], owners: dict[str, str]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for place, size in sizes.items():
        totals[owners.get(place, "")] = totals.get(owners.get(place, ""), 0) + size
    return totals
