"""The time that `build -t all` takes for ten projects, each with another trait.

Each is built with nothing cached but its wheels, and then after edits of the app. Run it as
`python -m benchmarks.build_projects`.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.build_starts import run
from uv import find_uv_bin

COLD, AGAIN, EDITS = 20.0, 1.0, 3
"""Seconds that a first build and a later one may take, and how many of these are timed."""

APP = """
from aiohttp import web
{imports}

async def index(request):
    return web.Response(text="{name}")

def create_app():
    app = web.Application()
    app.router.add_get("/", index)
    return app
"""

TABLE = '[project]\nname = "{name}"\nversion = "1.2"\ndependencies = {dependencies}\n'
SECTION = '[tool.ferryman]\napp = "{app}"\n'
BACK_END = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'


@dataclass(frozen=True, slots=True)
class Trait:
    """A project.

    Attributes:
        name: Its name, which says what is special about it.
        dependencies: What it depends on, besides aiohttp.
        imports: Lines of its app.
        module: The file of its app.
        app: The app's module.
        more: Other files, by their places.
        settings: Lines that follow in `[tool.ferryman]`, and other tables.
    """

    name: str
    dependencies: tuple[str, ...] = ()
    imports: str = ""
    module: str = "main.py"
    app: str = "main"
    more: Mapping[str, str] = field(default_factory=dict)
    settings: str = ""

    def write(self, root: Path) -> Path:
        """Write the project, and return the file of its app."""
        lines = ["aiohttp", *self.dependencies]
        files = {
            self.module: APP.format(imports=self.imports, name=self.name),
            "pyproject.toml": TABLE.format(name=self.name, dependencies=lines)
            + SECTION.format(app=f"{self.app}:create_app")
            + self.settings,
            **self.more,
        }
        for place, text in files.items():
            path = root / place
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return root / self.module


COMMON = {
    "libs/common/pyproject.toml": BACK_END + '[project]\nname = "common"\nversion = "1"\n',
    "libs/common/common/__init__.py": "VALUE = 1\n",
}
LOCKED = '[dependency-groups]\nbot = ["pyyaml"]\n'

TRAITS = (
    Trait(
        "templates-beside",
        ("aiohttp-jinja2", "jinja2"),
        "import aiohttp_jinja2",
        more={"templates/index.html": "<h1>{{ it }}</h1>\n", "static/site.css": "h1 {}\n"},
    ),
    Trait(
        "own-distribution",
        imports="from importlib.metadata import version\nVERSION = version('own-distribution')",
        module="src/own/app.py",
        app="own.app",
        more={"src/own/__init__.py": ""},
        settings=BACK_END + '[tool.hatch.build.targets.wheel]\npackages = ["src/own"]\n',
    ),
    Trait(
        "script-siblings",
        imports="from sibling import VALUE",
        module="app/main.py",
        more={"app/sibling.py": "VALUE = 1\n"},
        settings='source = "app"\n',
    ),
    Trait(
        "settings-file",
        ("pydantic-settings", "pyyaml"),
        "import pydantic_settings, yaml\nSETTINGS = yaml.safe_load(open('config/it.yaml'))",
        more={"config/it.yaml": "a: 1\n"},
        settings='include = ["config"]\n',
    ),
    Trait("database", ("sqlalchemy[asyncio]", "asyncpg"), "import asyncpg\nimport sqlalchemy.orm"),
    Trait("numbers", ("numpy",), "import numpy"),
    Trait("pictures", ("pillow", "qrcode"), "import qrcode\nfrom PIL import Image"),
    Trait(
        "local-package",
        ("common @ file:libs/common",),
        "import common",
        more=COMMON,
    ),
    Trait("group", imports="import yaml", settings='groups = ["bot"]\n' + LOCKED),
    Trait(
        "tests-imported",
        ("jsonschema", "attrs", "cattrs"),
        "import attrs, cattrs, jsonschema\nfrom lab.tests import CASES",
        module="lab/main.py",
        app="lab.main",
        more={"lab/__init__.py": "", "lab/tests/__init__.py": "CASES = 1\n"},
    ),
)


def build(root: Path, cache: Path) -> float:
    """Build a project for every target, and return the seconds that it took."""
    began = time.perf_counter()
    run(
        *(sys.executable, "-m", "ferryman", "build", "-t", "all"),
        cwd=root,
        XDG_CACHE_HOME=str(cache),
        UV_CACHE_DIR=run(find_uv_bin(), "cache", "dir").strip(),
    )
    return time.perf_counter() - began


def measure(trait: Trait, scratch: Path) -> tuple[float, float]:
    """Return the seconds of a project's first build, and of those after edits."""
    root = scratch / trait.name
    module = trait.write(root)
    build(root, scratch / f"{trait.name}-wheels")  # whose wheels uv keeps
    first, again = build(root, scratch / f"{trait.name}-cache"), []
    for number in range(EDITS):
        with module.open("a") as file:
            file.write(f"# {number}\n")
        again.append(build(root, scratch / f"{trait.name}-cache"))
    return first, median(again)


def main() -> None:
    """Measure, and print the table."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg()[:2])
    print(f"`build -t all`, seconds; rebuilds: medians of {EDITS}; load {load}")
    slow = 0
    with tempfile.TemporaryDirectory() as directory:
        for trait in TRAITS:
            first, again = measure(trait, Path(directory))
            verdict = "reached" if first <= COLD and again <= AGAIN else "not reached"
            slow += verdict != "reached"
            print(
                f"{trait.name:<20}first {first:>5.1f} of {COLD:.0f}   "
                f"again {again:>5.2f} of {AGAIN:.0f}   {verdict}",
                flush=True,
            )
    print(f"{len(TRAITS) - slow} of {len(TRAITS)} within both bounds")


if __name__ == "__main__":
    main()
