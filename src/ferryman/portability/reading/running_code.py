"""The functions that run, and when: what the patterns are looked for in."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from ferryman.portability.finding import Fact, Place
from ferryman.portability.reading.reach import reached
from ferryman.portability.reading.syntax_trees import Code, Function

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
        for function in reached(code, [handler]):
            led.setdefault(function, handler)
    return RunningCode(code, led, reached(code, starters, handlers), containers, app)


def calls(function: Function) -> Iterator[tuple[ast.Call, str]]:
    """Yield each call in a function, with the dotted name of what is called."""
    for node in function.nodes:
        if isinstance(node, ast.Call):
            yield node, function.module.dotted(node.func)


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """Return the argument of a call that is given by a name."""
    return next((each.value for each in call.keywords if each.arg == name), None)
