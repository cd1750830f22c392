"""Guesses the handlers and the functions at start from the code alone.

A run of the app knows them exactly. A build does not run the app for the check, so it guesses.
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
"""The most modules to read, the app's own first, so that a build does not wait long."""

_METHODS = {"get", "post", "put", "patch", "delete", "head", "options"}
_REQUESTS = {"request", "_request", "req"}
_SIGNALS = {"on_startup", "cleanup_ctx"}


def read_alone(root: Path, imported_from: Path, module: str, app: Place) -> RunningCode:
    """Return the code that probably runs.

    Args:
        root: The project's directory.
        imported_from: The directory that the app's modules are imported from.
        module: The app's module.
        app: The place of facts without a line of their own.
    """
    code = _follow(root, imported_from, module)
    modules = code.modules.values()
    functions = [function for each in modules for function in each.functions]
    handlers = [each for each in functions if _is_handler(code, each)]
    starters = [each for each in functions if _makes_app(each)]
    starters += [function for each in modules for function in _registered(code, each)]
    return running_code(code, handlers, starters, frozenset(keys_of_containers(code)), app)


def _follow(root: Path, imported_from: Path, first: str) -> Code:
    """Read the app's module, and the user's modules that it imports at its top level."""
    read: dict[str, Module | None] = {}
    waiting = [first]
    while waiting and len(read) < _MODULES:
        name = waiting.pop(0)
        path = None if name in read else _file_of(imported_from, name)
        if path is None:
            continue
        module = read[name] = read_module(root, name, path)
        for dotted in module.eager.values() if module else ():
            above = dotted.rpartition(".")[0]
            waiting += [each for each in (dotted, above) if each]
    return Code({name: module for name, module in read.items() if module})


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


def _registered(code: Code, module: Module) -> Iterator[Function]:
    """Yield the functions that a module adds to on_startup or cleanup_ctx."""
    for node in ast.walk(module.tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        signal = node.func.value
        if isinstance(signal, ast.Attribute) and signal.attr in _SIGNALS:
            for inner in ast.walk(node):
                resolved = isinstance(inner, ast.Name) and code.lookup(module, inner)
                if resolved:
                    owner, bare = resolved
                    yield from (each for each in owner.functions if each.node.name == bare)
