"""The functions that run, and when: what the patterns are looked for in."""

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
    """The code that is read.

    Attributes:
        code: The user's modules.
        handlers: The functions that answer requests lead to, each with the handler that does.
        starters: The functions that run as the app is made and starts.
        containers: The keys of the app, as their labels, that hold Python's own containers.
        app: Where the app is named: the place of what is nowhere else.
    """

    code: Code
    handlers: Mapping[Function, Function]
    starters: tuple[Function, ...]
    containers: Collection[str]
    app: Place

    @property
    def functions(self) -> tuple[Function, ...]:
        """All of the functions, those of requests first."""
        return tuple(dict.fromkeys((*self.handlers, *self.starters)))

    def fact(
        self, code: str, function: Function, node: ast.AST, what: str, amount: float | None = None
    ) -> Fact:
        """Return a fact about a part of a function."""
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
    """Return the code that some handlers and some functions of the start lead to."""
    led: dict[Function, Function] = {}
    for handler in handlers:
        for function in _reached(code, [handler]):
            led.setdefault(function, handler)
    return RunningCode(code, led, _reached(code, starters, handlers), containers, app)


def calls(function: Function) -> Iterator[tuple[ast.Call, str]]:
    """Yield each call in a function, with the dotted name of what is called."""
    for node in function.nodes:
        if isinstance(node, ast.Call):
            yield node, function.module.dotted(node.func)


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """Return the argument of a call that is given by a name."""
    return next((each.value for each in call.keywords if each.arg == name), None)


_FEW = 4
"""Methods of one name that a call on an unknown value may lead to."""

_MADE = ("__init__", "__post_init__", "__aenter__", "__enter__", "__call__")
"""Methods that run where a class is used."""


def _reached(
    code: Code, entries: Iterable[Function], beyond: Collection[Function] = ()
) -> tuple[Function, ...]:
    """Return the functions that some lead to, themselves included, each once.

    A call of a method on a value of unknown type leads to the user's methods of that name, if
    they are few: rather one function too many than a store that is not read.

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
