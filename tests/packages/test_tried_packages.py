"""The packages that a build optimises hold what they hold as pip installs them.

Each module is imported from pip's files and from a build's: it has the same names, and its
classes know the same subclasses. Here this is tried with the newest version of each package and
the modules of a start; `python -m tests.packages.test_tried_packages` does it with all, with each
Python that the list names.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Container, Iterator, Mapping
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.packages.smoke import PYTHON, import_from, platform_of

from ferryman.building.bytecode import find_interpreter
from ferryman.building.dependencies import install_wheels
from ferryman.building.installed import installed_in
from ferryman.building.packages import Recipe, prepare_tree
from ferryman.building.pruning import is_test
from ferryman.building.tried_packages import modules_of_a_start, tried_packages

# Where a module is, is part of some messages.
_IN_A_FILE = re.compile(r" \(/[^)]*\)")


def test_the_modules_of_a_start_hold_what_they_hold_in_pips_files(tmp_path: Path) -> None:
    versions = {name: one.versions[-1] for name, one in tried_packages().items()}
    assert differing(versions, tmp_path, modules_of_a_start()) == {}


def differing(
    versions: Mapping[str, str], scratch: Path, names: tuple[str, ...] = (), python: str = PYTHON
) -> dict[str, list[str]]:
    """Return what differs, in words, by module; of all modules, if none are named."""
    platform, interpreter = platform_of(python), find_interpreter(python)
    if interpreter is None:
        raise SystemExit(f"there is no Python {python} here: `uv python install {python}`")
    plain, ours = scratch / "plain", scratch / "ours"
    pins = [f"{name}=={version}" for name, version in versions.items()]
    install_wheels(pins, platform, plain, root=scratch)
    shutil.copytree(plain, ours)
    prepare_tree(ours, Recipe(platform, "/var/task"))
    everything = modules_in(plain)
    names = names or tuple(sorted(everything))
    before = import_from(plain, names, interpreter=interpreter.path)
    after = import_from(ours, names, interpreter=interpreter.path)
    found = {n: [*differences(n, before[n], after[n], everything)] for n in names}
    return {name: differing for name, differing in found.items() if differing}


def differences(
    module: str, before: Mapping[str, Any], after: Mapping[str, Any], everything: Container[str]
) -> Iterator[str]:
    """Yield what a module does not have as it has it in pip's files."""
    wrong = [_IN_A_FILE.sub("", str(one.get("error"))) for one in (before, after)]
    if wrong[0] != wrong[1]:
        yield f"{wrong[0]} became {wrong[1]}"
    if "error" in before and module in modules_of_a_start():
        yield f"it cannot be imported from pip's files either: {before['error']}"
    names = {*before.get("names", ())} ^ {*after.get("names", ())}
    for name in sorted(names - {"__dir__", "__getattr__"}):
        # A module is an attribute of its package from when anybody imports it.
        if f"{module}.{name}" not in everything:
            yield f"the name {name}"
    wanted, there = before.get("subclasses", {}), after.get("subclasses", {})
    for name in wanted.keys() & there.keys():
        if wanted[name] != there[name]:
            yield f"the subclasses of {name}: {wanted[name]} became {there[name]}"


def modules_in(tree: Path) -> set[str]:
    """Return all modules of the distributions in a directory, but for their tests."""
    places = (place for one in installed_in(tree) for place in one.places)
    found = (p for p in places if p.endswith((".py", ".so")) and not is_test(p))
    names = (place.partition(".")[0].removesuffix("/__init__") for place in found)
    return {name.replace("/", ".") for name in names if not name.startswith("tzdata/zone")}


def main() -> None:
    """Try all versions: the newest of each package together, then those before them."""
    tried = tried_packages().values()
    failed = False
    ages = range(max(len(one.versions) for one in tried))
    for python, age in product(next(iter(tried)).pythons, ages):
        versions = {one.name: one.versions[-1 - min(age, len(one.versions) - 1)] for one in tried}
        with TemporaryDirectory() as directory:
            found = differing(versions, Path(directory), python=python)
        print(python, age, versions, flush=True)
        for name, differing_in in found.items():
            failed = True
            print("  ", name, *differing_in, sep="\n    ")
    if failed:
        raise SystemExit("a version that is listed as tried does not hold what it holds")


if __name__ == "__main__":
    main()
