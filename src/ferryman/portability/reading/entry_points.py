"""Where running code begins: handlers and functions of the start, by what code alone tells.

A run tells it exactly; this is for where the app does not run, as at the end of a build.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from ferryman.portability.finding import Place
from ferryman.portability.reading.app_keys import is_view, keys_of_containers
from ferryman.portability.reading.running_code import RunningCode, running_code
from ferryman.portability.reading.syntax_trees import Code, Function, Module, read_module

__all__ = ("read_alone",)

_MODULES = 150
"""Modules that are read at most, the app's own first: a build is not to wait for this."""

_METHODS = {"get", "post", "put", "patch", "delete", "head", "options"}
_REQUESTS = {"request", "_request", "req"}
_SIGNALS = {"on_startup", "cleanup_ctx"}


def read_alone(root: Path, imported_from: Path, module: str, app: Place) -> RunningCode:
    """Return the code that runs, as far as the code itself tells.

    Args:
        root: The project's directory.
        imported_from: The directory that the app's modules are imported from.
        module: The app's module.
        app: Where the app is named.
    """
    code = _follow(root, imported_from, module)
    functions = [each for one in code.modules.values() for each in one.functions]
    handlers = [each for each in functions if _is_handler(code, each)]
    starters = [each for each in functions if _makes_app(each)]
    starters += [each for one in code.modules.values() for each in _registered(code, one.name)]
    return running_code(code, handlers, starters, frozenset(keys_of_containers(code)), app)


def _follow(root: Path, imported_from: Path, first: str) -> Code:
    """Read the app's module, and the user's modules that are imported with it."""
    found: dict[str, Module | None] = {}
    waiting = [first]
    while waiting and len(found) < _MODULES:
        name = waiting.pop(0)
        path = None if name in found else _file_of(imported_from, name)
        if path is None:
            continue
        module = found[name] = read_module(root, name, path)
        for dotted in module.eager.values() if module else ():
            above = dotted.rpartition(".")[0]
            waiting += [each for each in (dotted, above) if each]
    return Code({name: module for name, module in found.items() if module})


def _file_of(directory: Path, module: str) -> Path | None:
    path = directory.joinpath(*module.split("."))
    candidates = (path.with_name(f"{path.name}.py"), path / "__init__.py")
    return next((each for each in candidates if each.is_file()), None)


def _is_handler(code: Code, function: Function) -> bool:
    node, arguments = function.node, function.node.args.args
    if function.owner is not None:
        if node.name in _METHODS and is_view(code, function.module, function.owner):
            return True
        arguments = arguments[1:]
    if not isinstance(node, ast.AsyncFunctionDef) or not arguments:
        return False
    first = arguments[0]
    kind = function.module.dotted(first.annotation) if first.annotation else ""
    return kind.endswith("web.Request") or (not kind and first.arg in _REQUESTS)


def _makes_app(function: Function) -> bool:
    return any(
        isinstance(node, ast.Call) and function.module.dotted(node.func).endswith("web.Application")
        for node in function.nodes
    )


def _registered(code: Code, name: str) -> Iterator[Function]:
    """Yield the functions that a module adds to the signals of an app's start."""
    module = code.modules[name]
    for node in ast.walk(module.tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        signal = node.func.value
        if isinstance(signal, ast.Attribute) and signal.attr in _SIGNALS:
            for inner in ast.walk(node):
                found = isinstance(inner, ast.Name) and code.lookup(module, inner)
                if found:
                    where, bare = found
                    yield from (each for each in where.functions if each.node.name == bare)
