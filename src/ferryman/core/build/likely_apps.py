"""Finds what may be the app of a project that names none, for a hint; it runs nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

__all__ = ("likely_apps",)

_FACTORY = re.compile(r"(build|create|get|init|make)_app|app_factory")
_ABOUT_APPS = re.compile(rb"\bApplication\b|_app\b|app_factory")

# A hint is not worth reading all of a large project.
_MOST_FILES = 500


def likely_apps(root: Path) -> tuple[str, ...]:
    """Return references that lead to an application or a factory by the look of them.

    Args:
        root: The project's directory.
    """
    found: list[str] = []
    for base in (root / "src", root):
        for path in islice(_sources(base), _MOST_FILES):
            module = ".".join(path.relative_to(base).with_suffix("").parts)
            module = module.removesuffix(".__init__")
            found += (f"{module}:{name}" for name in _candidates(path))
    return tuple(dict.fromkeys(found))


def _sources(base: Path) -> Iterator[Path]:
    """Yield the modules of a directory that can be imported from there, the outermost first."""
    if not base.is_dir():
        return
    for path in sorted(base.iterdir(), key=lambda one: (one.is_dir(), one.name)):
        if path.suffix == ".py" and path.stem.isidentifier() and not _is_test(path.stem):
            yield path
        elif (path / "__init__.py").is_file() and not _is_test(path.name):
            yield from _sources(path)


def _is_test(name: str) -> bool:
    return name in ("conftest", "tests") or name.startswith("test_")


def _candidates(path: Path) -> Iterator[str]:
    try:
        text = path.read_bytes()
        tree = ast.parse(text) if _ABOUT_APPS.search(text) else None
    except (OSError, SyntaxError, ValueError):
        return
    for node in tree.body if tree else ():
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                if _FACTORY.fullmatch(name):
                    yield name
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=called)):
                if ast.unparse(called) in (
                    "Application",
                    "aiohttp.web.Application",
                    "web.Application",
                ):
                    yield name
