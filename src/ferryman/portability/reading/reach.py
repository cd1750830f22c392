"""Which functions of the user's a handler leads to, as its code says.

A call of a method on a value of unknown type leads to the user's methods of that name, if they
are few: rather one function too many than a store that is not read.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator
from functools import cache

from ferryman.portability.reading.syntax_trees import Code, Function, Module

__all__ = ("reached",)

_FEW = 4
"""Methods of one name that a call on an unknown value may lead to."""

_MADE = ("__init__", "__post_init__", "__aenter__", "__enter__", "__call__")
"""Methods that run where a class is used."""


def reached(
    code: Code, entries: Iterable[Function], beyond: Collection[Function] = ()
) -> tuple[Function, ...]:
    """Return the functions that some lead to, themselves included, each once.

    Args:
        code: The user's modules.
        entries: Handlers, or functions that run as the app starts.
        beyond: Functions that are named and do not run, such as the handlers of a factory.
    """
    found: dict[Function, None] = {}
    waiting = list(entries)
    others = set(beyond)
    while waiting:
        function = waiting.pop(0)
        if function not in found and function not in others:
            found[function] = None
            waiting += _next(code, function)
    return tuple(found)


@cache
def _next(code: Code, function: Function) -> tuple[Function, ...]:
    """Return the functions that a function leads to directly, each once."""
    found: dict[Function, None] = {}
    for node in function.nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found |= dict.fromkeys(_named(code, function.module, node))
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            found |= dict.fromkeys(_attribute(code, function, node))
    return tuple(found)


def _named(code: Code, module: Module, node: ast.AST) -> Iterator[Function]:
    found = code.lookup(module, node)
    if found:
        yield from _defined(*found)


@cache
def _defined(module: Module, name: str) -> tuple[Function, ...]:
    """Return the function of a name in a module, or what runs where its class is used."""
    return tuple(
        each
        for each in module.functions
        if (each.owner is None and each.node.name == name)
        or (each.owner is not None and each.owner.name == name and each.node.name in _MADE)
    )


def _attribute(code: Code, function: Function, node: ast.Attribute) -> Iterator[Function]:
    receiver = node.value
    if isinstance(receiver, ast.Name) and receiver.id in ("self", "cls") and function.owner:
        own = [m for m in code.methods.get(node.attr, ()) if m.owner is function.owner]
        yield from own or code.methods.get(node.attr, ())[:_FEW]
        return
    resolved = code.lookup(function.module, node)
    if resolved:
        yield from _defined(*resolved)
        return
    root: ast.AST = receiver
    while isinstance(root, ast.Attribute | ast.Call | ast.Subscript):
        root = root.func if isinstance(root, ast.Call) else root.value
    # A module that is installed has functions of its own.
    if isinstance(root, ast.Name) and root.id in function.module.imports:
        dotted = function.module.imports[root.id]
        if dotted.partition(".")[0] not in {name.partition(".")[0] for name in code.modules}:
            return
    methods = code.methods.get(node.attr, ())
    if len(methods) <= _FEW:
        yield from methods
