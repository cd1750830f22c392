"""Finds candidates for the app of a project that names none, for a hint; it runs nothing."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ferryman.project.app_module import is_main, needed_arguments, returns_tuple, without_main

__all__ = ("likely_apps", "unreachable_app")

_FACTORY = re.compile(r"(build|create|get|init|make)_(web_?)?app(lication)?|app_factory")
_NAMES = ("app", "application", "web_app")
_ABOUT_APPS = re.compile(rb"\bApplication\b|_app\b|app_factory|run_app")
_CLASSES = ("Application", "aiohttp.web.Application", "web.Application")

# Directories with modules that are imported from elsewhere, or not at all.
_NO_PACKAGES = ("build", "dist", "docs", "examples", "scripts", "src", "test", "tools")

# Reading all of a large project would take too long for a hint.
_MOST_FILES = 500


def likely_apps(root: Path) -> tuple[str, ...]:
    """Return references that probably name an application or a factory.

    Args:
        root: The project's directory.
    """
    found: list[str] = []
    for base in _import_roots(root):
        for path in islice(_sources(base), _MOST_FILES):
            module = ".".join(path.relative_to(base).with_suffix("").parts)
            module = module.removesuffix(".__init__")
            found += (f"{module}:{name}" for name in _candidates(path))
    return tuple(dict.fromkeys(found))


def _import_roots(root: Path) -> tuple[Path, ...]:
    """Return the directories that modules may be imported from: `src` only if it is no package."""
    source = root / "src"
    return (root,) if (source / "__init__.py").is_file() else (source, root)


def _sources(base: Path) -> Iterator[Path]:
    """Yield the importable modules of a directory, the outermost first."""
    if not base.is_dir():
        return
    for path in sorted(base.iterdir(), key=lambda one: (one.is_dir(), one.name)):
        if path.suffix == ".py" and path.stem.isidentifier() and not _is_test(path.stem):
            yield path
        elif _is_package(path) and not _is_test(path.name):
            yield from _sources(path)


def _is_package(path: Path) -> bool:
    """Return whether a directory is a package of the project's own modules."""
    if (path / "__init__.py").is_file():
        return True
    named = path.name.isidentifier() and path.name not in _NO_PACKAGES
    return named and path.is_dir() and any(path.glob("*.py"))


def _is_test(name: str) -> bool:
    return name in ("conftest", "tests") or name.startswith("test_")


def _candidates(path: Path) -> Iterator[str]:
    """Yield the names of apps and factories that importing a module defines."""
    tree = _tree(path)
    for node in without_main(tree).body if tree else ():
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                if _may_make_an_app(node):
                    yield name
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=called)):
                if ast.unparse(called) in _CLASSES or name in _NAMES:
                    yield name


def _may_make_an_app(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    if needed_arguments(function.args) or returns_tuple(function) or function.decorator_list:
        return False
    told = ast.unparse(function.returns) if function.returns else ""
    return bool(_FACTORY.fullmatch(function.name)) or told in _CLASSES or _returns_one(function)


def _returns_one(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether a function returns an application that it made."""
    made = {
        target.id
        for node in ast.walk(function)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for target in node.targets
        if isinstance(target, ast.Name) and ast.unparse(node.value.func) in _CLASSES
    }
    returned = (node.value for node in ast.walk(function) if isinstance(node, ast.Return))
    return any(isinstance(value, ast.Name) and value.id in made for value in returned)


def _tree(path: Path) -> ast.Module | None:
    try:
        text = path.read_bytes()
        return ast.parse(text) if _ABOUT_APPS.search(text) else None
    except (OSError, SyntaxError, ValueError):
        return None


def unreachable_app(root: Path) -> str | None:
    """Return, in words, why the app of a project cannot be imported, or None.

    Args:
        root: The project's directory.
    """
    for base in _import_roots(root):
        for path in islice(_sources(base), _MOST_FILES):
            tree = _tree(path)
            for node in tree.body if tree else ():
                name = path.relative_to(root)
                if is_main(node) and "run_app(" in ast.unparse(node):
                    return (
                        f'{name} makes its app under `if __name__ == "__main__":`, which no import '
                        "runs: make it in a function, `def create_app():`, and return it"
                    )
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (
                    _FACTORY.fullmatch(node.name) or _returns_one(node)
                ):
                    return (
                        f"{name} has {node.name}, which cannot be called without arguments for an "
                        "app alone: name a function that does, `def create_app():`"
                    )
    return None
