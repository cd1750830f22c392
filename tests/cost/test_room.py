"""The room keeps to itself, and its pages keep up with it."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from scripts.reference.prices import prices_page

import ferryman.cost
from ferryman.cost.prices.book import load_book

ROOM = Path(ferryman.cost.__file__).parent
PAGE = Path(__file__).parents[2] / "docs" / "reference" / "prices.md"
HEAVY = {
    "quantity.py": "numpy",
    "ranges.py": "numpy",
    "staircases.py": "numpy",
    "uncertainty.py": "numpy",
    "vector.py": "numpy",
}
"""What may be imported besides, within functions that need it."""

MODULES = sorted(ROOM.rglob("*.py"))


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


CORE = {
    *("ferryman.core.errors", "ferryman.records.measurement", "ferryman.records.table"),
    *("ferryman.records.atomic_file", "ferryman.records.wording"),
}
"""Values that rooms share, and the writing of files and figures, which need the standard library
alone."""


def is_own(name: str) -> bool:
    room = name in CORE or name.startswith("ferryman.cost")
    return room or name.partition(".")[0] in sys.stdlib_module_names


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOM)))
def test_a_module_imports_the_standard_library_and_its_room_alone(path: Path) -> None:
    tree = ast.parse(path.read_text())
    foreign = {name for name in imports(tree) if not is_own(name)}
    allowed = HEAVY.get(path.name)
    if allowed:
        assert {name.partition(".")[0] for name in foreign} == {allowed}
        at_import = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        foreign = {n for node in at_import for n in imports(node) if not is_own(n)}
    assert not foreign


def test_the_page_of_prices_is_up_to_date() -> None:
    assert PAGE.read_text() == prices_page(), "run `make docs`"


def test_the_page_has_every_rate() -> None:
    page, book = prices_page(), load_book()
    for rate in book.rates.values():
        named = rate.id.removeprefix("ec2.") if rate.id[4:] in book.instances else f"`{rate.id}`"
        assert f"| {named} |" in page
        assert f"{rate.value:,f}" in page
        assert rate.source in page


def test_a_comparison_loads_no_numpy() -> None:
    code = (
        "import sys; from ferryman.cost import Workload, compare;"
        "compare(Workload.of(requests=10**7, wall_ms=80, cpu_ms=8));"
        "sys.exit(bool({'numpy', 'aiohttp'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
