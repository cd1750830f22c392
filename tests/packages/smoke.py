"""Imports packages from pip's files and from an artifact's, and compares.

`python -m tests.packages.smoke` does so for all that `packages.txt` pins, and holds the table in
the documents to what it saw; with `--write` it writes the table.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path

from ferryman.building.dependencies import Platform, install_wheels, pin_wheels
from ferryman.building.image.interpreter import this_interpreter
from ferryman.building.image.root import Root
from ferryman.building.packages import Recipe, prepare_tree
from ferryman.core.errors import FerrymanError

HERE = Path(__file__).parent
LIST = HERE / "packages.txt"
TABLE = HERE.parents[1] / "docs" / "reference" / "packages.md"
PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
BEGIN, END = "<!-- packages: begin -->", "<!-- packages: end -->"


@dataclass(frozen=True, slots=True)
class Pinned:
    """A package of the list.

    Attributes:
        requirement: `name==version`.
        entries: Modules that its documents name, besides its top-level ones.
        needs: What it takes besides to be imported, as requirements.
    """

    requirement: str
    entries: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The distribution's name."""
        return self.requirement.partition("==")[0]


@dataclass(frozen=True, slots=True)
class Result:
    """What was seen of a package.

    Attributes:
        package: The package.
        tried: How many modules and entries were imported.
        failing: How many of them cannot be imported from pip's files either.
        zip: What differs in a zip, in words.
        image: What differs in an image, in words.
    """

    package: Pinned
    tried: int
    failing: int
    zip: tuple[str, ...]
    image: tuple[str, ...]


def read_list(path: Path = LIST) -> tuple[Pinned, ...]:
    """Return the packages of the list: a requirement, entries, and what it needs after a plus."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            mine, _, needs = line.partition(" + ")
            requirement, *entries = mine.split()
            found.append(Pinned(requirement, tuple(entries), tuple(needs.split())))
    return tuple(found)


def compare(packages: Sequence[Pinned], scratch: Path) -> Iterator[Result]:
    """Install packages together, or apart where they contradict each other, and compare each."""
    lines = [line for one in packages for line in (one.requirement, *one.needs)]
    scratch.mkdir(parents=True, exist_ok=True)
    try:
        pins = pin_wheels(lines, platform_of(PYTHON), root=scratch)
    except FerrymanError:
        if len(packages) == 1:
            raise
        half = len(packages) // 2
        yield from compare(packages[:half], scratch / "a")
        yield from compare(packages[half:], scratch / "b")
        return
    plain = scratch / "plain"
    install_wheels(pins, platform_of(PYTHON), plain, root=scratch)
    ours = Path(shutil.copytree(plain, scratch / "ours", symlinks=True))
    prepare_tree(ours, Recipe(platform=platform_of(PYTHON), location="/var/task"))
    wanted = {one.name: modules_of(plain, one) for one in packages}
    names = sorted({name for modules in wanted.values() for name in modules})
    before = import_from(plain, names)
    in_image = import_from(ours, names, blocked_in_images())
    # Where nothing was missing that an image does not hold, a zip is no other.
    in_zip = in_image | import_from(ours, [n for n in names if in_image[n].get("blocked")])
    for one in packages:
        modules = wanted[one.name]
        yield Result(
            package=one,
            tried=len(modules),
            failing=sum("error" in before[name] for name in modules),
            zip=tuple(differences(modules, before, in_zip)),
            image=tuple(differences(modules, before, in_image)),
        )


def differences(
    modules: Iterable[str], before: Mapping[str, dict[str, object]], after: Mapping[str, object]
) -> Iterator[str]:
    """Yield what is not as it was, in words."""
    for name in modules:
        match before[name], after[name]:
            case {"names": list(wanted)}, {"names": list(found)}:
                if missing := sorted({*wanted} ^ {*found}):
                    yield f"{name} differs in {', '.join(map(str, missing[:5]))}"
            case {"names": _}, {"error": error}:
                yield f"{name}: {error}"
            case {"error": _}, {"names": _}:
                yield f"{name} can be imported, which it cannot from pip's files"


def modules_of(tree: Path, one: Pinned) -> tuple[str, ...]:
    """Return the top-level modules of a package, its entry points and the entries of the list."""
    (distribution,) = [
        found
        for found in map(Distribution.at, tree.glob("*.dist-info"))
        if canonical(found.name) == canonical(one.name)
    ]
    files = [str(file) for file in distribution.files or ()]
    top = {file.partition("/")[0] for file in files if file.endswith((".py", ".so"))}
    modules = {name.partition(".")[0] for name in top if not name.endswith((".dist-info", ".libs"))}
    modules |= {name.partition(".")[0] for name in files if "/" not in name and ".so" in name}
    points = {point.value.partition("[")[0].strip() for point in distribution.entry_points}
    found = {*modules, *points, *one.entries}
    return tuple(
        sorted(name for name in found if name.partition(":")[0].replace(".", "").isidentifier())
    )


def platform_of(python: str) -> Platform:
    """Return what wheels fit this machine's processor and a Python."""
    return Platform(python, f"{platform.machine()}-manylinux_2_28")


def import_from(
    tree: Path,
    names: Sequence[str],
    blocked: Sequence[str] = (),
    interpreter: str = sys.executable,
) -> dict[str, dict[str, object]]:
    """Import modules from a directory, and return the outcome of each."""
    done = subprocess.run(
        [interpreter, "-I", "-S", str(HERE / "importing.py"), str(tree), *blocked],
        input=json.dumps(names),
        capture_output=True,
        text=True,
        check=True,
    )
    outcomes: dict[str, dict[str, object]] = json.loads(done.stdout.splitlines()[-1])
    return outcomes


def blocked_in_images() -> tuple[str, ...]:
    """Return the modules of the standard library that an image of ours does not hold."""
    dropped = Root(this_interpreter(PYTHON)).dropped
    modules = (place.removesuffix(".py") for place in dropped if place.endswith(".py"))
    extensions = (
        place.removeprefix("lib-dynload/").partition(".")[0]
        for place in dropped
        if place.startswith("lib-dynload/")
    )
    names = (name.replace("/", ".").removesuffix(".__init__") for name in modules)
    return tuple(sorted({*names, *extensions} - {"sitecustomize", "usercustomize"}))


def canonical(name: str) -> str:
    """Return a distribution's name as it is compared."""
    return name.lower().replace("_", "-").replace(".", "-")


def table(results: Sequence[Result]) -> str:
    """Return the table of the documents."""
    lines = ["| package | imports | fail alike | zip | image |", "| --- | --- | --- | --- | --- |"]
    for one in results:
        cells = (one.tried, one.failing or "", _cell(one.zip), _cell(one.image))
        lines.append(f"| `{one.package.requirement}` | {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"


def _cell(differing: Sequence[str]) -> str:
    return "; ".join(differing).replace("|", "\\|") or "as pip's"


def main() -> None:
    """Compare all packages of the list, and hold the documents to it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the table")
    parser.add_argument("--batch", type=int, default=6, help="packages that are tried together")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    packages = read_list()
    batches = [
        packages[start : start + options.batch] for start in range(0, len(packages), options.batch)
    ]
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as directory, ThreadPoolExecutor(options.threads) as threads:
        places = [Path(directory, str(number)) for number in range(len(batches))]
        for found in threads.map(lambda pair: [*compare(*pair)], zip(batches, places, strict=True)):
            for one in found:
                print(
                    one.package.requirement, one.tried, one.failing, one.zip, one.image, flush=True
                )
            results += found
    before, _, rest = TABLE.read_text(encoding="utf-8").partition(BEGIN)
    old, _, after = rest.partition(END)
    new = f"\n{table(results)}"
    if options.write:
        TABLE.write_text(f"{before}{BEGIN}{new}{END}{after}", encoding="utf-8")
    elif old != new:
        raise SystemExit(f"{TABLE} does not say what was seen: run with --write, and look at it")


if __name__ == "__main__":
    main()
