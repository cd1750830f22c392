"""The packages of an artifact: fetched, pruned, stripped and compiled, and kept for the next.

What it returns is shared between builds and must not be changed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

from ferryman.core.build.bytecode import (
    Compilation,
    Interpreter,
    cached_place,
    compile_files,
    compiler_digest,
    find_interpreter,
)
from ferryman.core.build.cache import cached, digest_of, made_once
from ferryman.core.build.dependencies import Platform, install_wheels, pin_wheels
from ferryman.core.build.ownership import owners_of
from ferryman.core.build.pruning import BYTECODE_ONLY, choose_dropped, is_kept
from ferryman.core.build.report import Dropped
from ferryman.core.build.resolved import resolved_lately
from ferryman.core.build.stripping import Stripper, find_stripper, strip_extension
from ferryman.core.errors import BuildError, reason_of

__all__ = ("Packages", "Recipe", "files_in", "prepare_packages")

# Counts up when what a preparation does changes, so that no build uses an older one.
_FORMAT = 4

# A start imports them, and what they define for all who use them: a client, validators, each
# kind of HTTP error. aiohttp's own tests pass on what is left.
_DEFERRED = frozenset(
    {
        "aiohttp",
        "aiosignal",
        "attr",
        "awslambdaric",
        "frozenlist",
        "multidict",
        "propcache",
        "simplejson",
        "yarl",
    }
)

_TREE = "tree"
_RECORD = "record.json"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How packages are prepared.

    Attributes:
        platform: What the wheels must fit.
        location: The directory they run from, for tracebacks.
        keep: Glob patterns of files that ship as they are.
        drop: Glob patterns of files that do not ship.
        omit: Packages that are there already, where it runs.
    """

    platform: Platform
    location: str
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    omit: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Packages:
    """Packages that are ready to ship.

    Attributes:
        tree: The directory that holds them. It is shared: do not change it.
        digest: What names it: equal for equal content.
        owners: The distribution of each file that ships, by its place.
        wheel: Bytes of each distribution as it was installed.
        dropped: The files that do not ship.
        notes: What was done, in words.
        lacks: What could not be done here, in words.
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
    """Return the packages of requirements, from the cache if they are there.

    Args:
        requirements: Lines of a requirements file.
        recipe: How to prepare them.
        root: The project's directory.
        scratch: A directory for what cannot be cached.
        progress: Told what is being done.

    Raises:
        ConfigError: There is no set of wheels that fits.
        BuildError: They could not be fetched or written.
    """
    platform = recipe.platform
    progress(f"resolving dependencies for {platform.wheels}, Python {platform.python}")
    pins = _pin(requirements, recipe, root, scratch)
    options = tuple(line for line in requirements if line.startswith("-"))
    work = _Preparation(
        recipe,
        find_interpreter(platform.python),
        find_stripper(platform.wheels.partition("-")[0]),
    )

    def make(directory: Path) -> None:
        progress(f"installing {len(pins)} packages")
        install_wheels(pins, platform, directory / _TREE, root=root, options=options)
        progress("pruning and compiling packages")
        record = work.run(directory / _TREE)
        (directory / _RECORD).write_text(json.dumps(record), encoding="utf-8")

    # What has no hash may change under its name.
    hashed = all("--hash" in pin for pin in pins)
    key = digest_of(_FORMAT, compiler_digest(), pins, asdict(recipe), *work.tools())
    try:
        return _read(
            cached("packages", key, make, scratch) if hashed else made_once(scratch, key, make)
        )
    except OSError as error:
        raise BuildError("the packages could not be written", cause=reason_of(error)) from error


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


class _Preparation:
    """The steps between a directory of installed wheels and one that ships.

    Args:
        recipe: How to prepare them.
        interpreter: What compiles, if there is one.
        stripper: What strips, if there is one.
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
        """Return what decides about the bytes besides the recipe."""
        return tuple(asdict(t) if t else None for t in (self._interpreter, self._stripper))

    def run(self, tree: Path) -> dict[str, object]:
        """Prepare a directory, and return the record of what was done."""
        places = files_in(tree)
        owners = owners_of(tree)
        sizes = {place: path.stat().st_size for place, path in places.items()}
        reasons = choose_dropped(places, keep=self._recipe.keep, drop=self._recipe.drop)
        for place in reasons:
            places[place].unlink()
        self._strip(tree)
        _shorten_metadata(tree)
        for source, compiled in self._compile(tree).items():
            owners[compiled] = owners.get(source, source.partition("/")[0])
            reasons[source] = BYTECODE_ONLY
        dropped = [Dropped(p, owners.get(p, ""), sizes[p], reasons[p]) for p in sorted(reasons)]
        return {
            "owners": {place: owners.get(place, "") for place in files_in(tree)},
            "wheel": _totals(sizes, owners),
            "dropped": [asdict(one) for one in dropped],
            "notes": self._notes,
            "lacks": self._lacks,
        }

    def _strip(self, tree: Path) -> None:
        if self._stripper is None:
            self._lacks.append("extension modules keep their symbols: there is no strip for them")
            return
        modules = [p for p in files_in(tree).values() if ".so" in p.suffixes]
        saved = sum(strip_extension(path, self._stripper) for path in modules)
        self._notes.append(
            f"{len(modules)} extension modules stripped by {self._stripper.command}: "
            f"{saved / 1024:.0f} KiB less"
        )

    def _compile(self, tree: Path) -> dict[str, str]:
        """Put bytecode in the place of sources, and return its places by theirs."""
        if self._interpreter is None:
            python = self._recipe.platform.python
            self._lacks.append(
                f"no bytecode ships, and each cold start compiles: there is no Python {python} on "
                f"this machine to compile with; `uv python install {python}` brings one"
            )
            return {}
        sources = {p: path for p, path in files_in(tree).items() if p.endswith(".py")}
        kept = {p for p in sources if is_kept(p, self._recipe.keep)}
        targets = {
            p: cached_place(p, self._interpreter.tag) if p in kept else f"{p}c" for p in sources
        }
        location = self._recipe.location
        invalid = compile_files(
            self._interpreter,
            [
                Compilation(
                    sources[p],
                    tree / targets[p],
                    f"{location}/{p}",
                    deferred=p.partition("/")[0] in _DEFERRED and p not in kept,
                )
                for p in sources
            ],
            columns=False,
        )
        if deferred := sorted({p.partition("/")[0] for p in sources} & _DEFERRED):
            self._notes.append(f"what is defined in {', '.join(deferred)} waits for its first use")
        replaced = {p: targets[p] for p in sources if p not in kept and sources[p] not in invalid}
        for place in replaced:
            sources[place].unlink()
        return replaced


def _shorten_metadata(tree: Path) -> None:
    """Leave the descriptions out of METADATA files: they are texts for an index to show."""
    for path in tree.glob("*.dist-info/METADATA"):
        headers, _, _ = path.read_bytes().partition(b"\n\n")
        path.write_bytes(headers + b"\n")


def _totals(sizes: dict[str, int], owners: dict[str, str]) -> dict[str, int]:
    totals: dict[str, int] = {}
    for place, size in sizes.items():
        totals[owners.get(place, "")] = totals.get(owners.get(place, ""), 0) + size
    return totals
