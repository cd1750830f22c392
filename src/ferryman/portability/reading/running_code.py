"""Finds the functions that requests and the start reach: the patterns search only these."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from ferryman.portability.finding import Fact, Place
from ferryman.portability.reading.syntax_trees import Code, Function, Module

__all__ = ("RunningCode", "calls", "keyword", "running_code")


@dataclass(frozen=True, slots=True)
class RunningCode:
    """The user's code, and the functions in it that run.

    Attributes:
        code: The user's modules.
        handlers: The functions that requests reach, each with the first handler that reaches it.
        starters: The functions that run when the app is created and started.
        containers: The labels of the keys of the app that hold Python's own containers.
        app: The line that creates the app: the place of facts without a line of their own.
    """

    code: Code
    handlers: Mapping[Function, Function]
    starters: tuple[Function, ...]
    containers: Collection[str]
    app: Place

    @property
    def functions(self) -> tuple[Function, ...]:
        """All functions that run, those of requests first."""
        return tuple(dict.fromkeys((*self.handlers, *self.starters)))

    def fact(
        self, code: str, function: Function, node: ast.AST, what: str, amount: float | None = None
    ) -> Fact:
        """Return a fact at a node of a function."""
        handler = self.handlers.get(function)
        place = handler.place if handler else None
        return Fact(code, function.at(node), what, amount, handler=place)


def running_code(
    code: Code,
    handlers: Collection[Function],
    starters: Collection[Function],
    containers: Collection[str],
    app: Place,
) -> RunningCode:
    """Return the code that handlers and functions at start reach."""
    reached: dict[Function, Function] = {}
    for handler in handlers:
        for function in _reached(code, [handler]):
            reached.setdefault(function, handler)
    return RunningCode(code, reached, _reached(code, starters, handlers), containers, app)


def calls(function: Function) -> Iterator[tuple[ast.Call, str]]:
    """Yield each call in a function, with the dotted name of the called function."""
    for node in function.nodes:
        if isinstance(node, ast.Call):
            yield node, function.module.dotted(node.func)


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """Return a keyword argument of a call."""
    return next((each.value for each in call.keywords if each.arg == name), None)


_FEW = 4
"""The most methods of the same name that a call on a value of unknown type may reach."""

_IMPLICIT = ("__init__", "__post_init__", "__aenter__", "__enter__", "__call__")
"""Methods that run without being named, when code uses their class."""


def _reached(
    code: Code, entries: Iterable[Function], beyond: Collection[Function] = ()
) -> tuple[Function, ...]:
    """Return the functions that entries reach, and the entries, each once.

    A method call on a value of unknown type reaches the user's methods of that name, if there are
    few: it is better to read a function too many than to miss one.

    Args:
        code: The user's modules.
        entries: Handlers, or functions that run at the app's start.
        beyond: Functions that are named but not called, such as the handlers in a factory.
    """
    reached: dict[Function, None] = {}
    waiting = list(entries)
    skipped = set(beyond)
    while waiting:
        function = waiting.pop(0)
        if function not in reached and function not in skipped:
            reached[function] = None
            waiting += _next(code, function)
    return tuple(reached)


@cache
def _next(code: Code, function: Function) -> tuple[Function, ...]:
    """Return the functions that a function reaches directly, each once."""
    reached: dict[Function, None] = {}
    for node in function.nodes:
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            resolved = code.lookup(function.module, node)
            reached |= dict.fromkeys(_defined(*resolved) if resolved else ())
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            reached |= dict.fromkeys(_attribute(code, function, node))
    return tuple(reached)


@cache
def _defined(module: Module, name: str) -> tuple[Function, ...]:
    """Return a module's function of a name, or the implicit methods of its class of that name."""
    return tuple(
        each
        for each in module.functions
        if (each.owner is None and each.node.name == name)
        or (each.owner is not None and each.owner.name == name and each.node.name in _IMPLICIT)
    )


def _attribute(code: Code, function: Function, node: ast.Attribute) -> Iterator[Function]:
    """Yield the functions that an attribute may refer to."""
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
    # An attribute of an installed package is not one of the user's methods.
    if isinstance(root, ast.Name) and root.id in function.module.imports:
        dotted = function.module.imports[root.id]
        if dotted.partition(".")[0] not in {name.partition(".")[0] for name in code.modules}:
            return
    methods = code.methods.get(node.attr, ())
    if len(methods) <= _FEW:
        yield from methods
