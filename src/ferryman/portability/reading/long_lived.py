"""The classes of the user's whose objects live as long as the app: what they change stays."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

from ferryman.portability.reading.app_keys import app_key, is_app
from ferryman.portability.reading.syntax_trees import Code, Function, Module

__all__ = ("long_lived",)


def long_lived(code: Code, handlers: Collection[Function]) -> Mapping[ast.ClassDef, str]:
    """Return such classes, each with how the probe calls what holds its object.

    An object is held by a module, by a key of the app, or by a handler that is its method.

    Args:
        code: The user's modules.
        handlers: The handlers of the routes.
    """
    found: dict[ast.ClassDef, str] = {}
    for module in code.modules.values():
        for name, value in module.assigned.items():
            _hold(code, module, value, f"{module.name}.{name}", found)
        for node in module.loaded:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Subscript) and is_app(target.value):
                        label = app_key(code, module, target.slice)
                        _hold(code, module, node.value, label, found)
    for handler in handlers:
        if handler.owner and not _is_view(handler.module, handler.owner):
            found.setdefault(handler.owner, f"{handler.module.name}.{handler.owner.name}")
    return found


def _hold(
    code: Code, module: Module, value: ast.expr, label: str, found: dict[ast.ClassDef, str]
) -> None:
    """Note the class, with those that it extends, whose object a value makes."""
    if isinstance(value, ast.Call) and label:
        for each in _with_bases(code, module, value.func):
            found.setdefault(each, label)


def _with_bases(
    code: Code, module: Module, node: ast.AST, steps: int = 5
) -> Iterator[ast.ClassDef]:
    resolved = code.lookup(module, node)
    known = resolved and resolved[0].classes.get(resolved[1])
    if resolved and known and steps:  # a name may lead to itself
        yield known
        for base in known.bases:
            yield from _with_bases(code, resolved[0], base, steps - 1)


def _is_view(module: Module, owner: ast.ClassDef) -> bool:
    """Say whether an object of a class is made for each request."""
    return any(module.dotted(base).endswith("web.View") for base in owner.bases)
