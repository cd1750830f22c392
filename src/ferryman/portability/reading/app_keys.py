"""The app and its keys, as code names them and as the probe calls them."""

from __future__ import annotations

import ast

from ferryman.portability.reading.syntax_trees import Code, Module

__all__ = ("app_key", "is_app")


def app_key(code: Code, module: Module, node: ast.AST) -> str:
    """Return the label of a key of the app, as the probe has it: `app['cards']`.

    An AppKey goes by its own name, behind that of the module that makes it.
    """
    value = code.constant(module, node)
    if isinstance(value, str):
        return f"app['{value}']"
    found = code.lookup(module, node)
    made = found and found[0].assigned.get(found[1])
    if found and isinstance(made, ast.Call) and made.args:
        name = code.constant(found[0], made.args[0])
        if isinstance(name, str):
            return f"app['{found[0].name}.{name}']"
    return ""


def is_app(node: ast.AST) -> bool:
    """Say whether an expression is the app, as handlers reach it."""
    if isinstance(node, ast.Attribute):
        return node.attr in ("app", "config_dict")
    return isinstance(node, ast.Name) and node.id in ("app", "application")
