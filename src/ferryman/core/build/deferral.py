"""Makes a package import what it re-exports when that is first asked for.

`import aiohttp.web` runs `aiohttp/__init__.py`, which imports the whole client so that
`aiohttp.ClientSession` exists. The text that this writes gives every such name from a
module `__getattr__` (PEP 562) instead. It knows text alone, and no package by name.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

__all__ = ("defer_reexports",)

_TAIL = """

# What follows, and the imports that are missing above, are ferryman's.
_deferred_names = {names!r}
_deferred_modules = {modules!r}
_original_getattr = globals().get("__getattr__")


def __getattr__(name):
    from importlib import import_module

    if name in _deferred_names:
        home, original = _deferred_names[name]
        value = getattr(import_module("." + home, __name__), original)
        globals()[name] = value
        return value
    if name in _deferred_modules:
        return import_module("." + name, __name__)
    if _original_getattr is not None:
        return _original_getattr(name)
    raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
"""


def defer_reexports(source: str) -> str | None:
    """Return the text of a package's `__init__.py` with its re-exports deferred.

    Returns:
        The new text, with the same line numbers; or None if there is nothing to defer. An
        import stays where the module itself uses a name of it.
    """
    tree = ast.parse(source)
    used = {node.id for node in _at_runtime(tree) if isinstance(node, ast.Name)}
    imports = [
        node
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and _is_own(node) and not _bound(node) & {*used, "*"}
    ]
    names = {
        alias.asname or alias.name: (node.module, alias.name)
        for node in imports
        for alias in node.names
    }
    if not names:
        return None
    modules = sorted({node.module.partition(".")[0] for node in imports if node.module})
    tail = _TAIL.format(names=dict(sorted(names.items())), modules=modules)
    return _without(source, imports) + tail


def _is_own(node: ast.ImportFrom) -> bool:
    """Return whether names are imported from a module of the same package."""
    return node.level == 1 and node.module is not None


def _bound(node: ast.ImportFrom) -> set[str]:
    return {alias.asname or alias.name for alias in node.names}


def _at_runtime(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes of a module but for those that only type checkers read."""
    for node in tree.body:
        guard = node.test if isinstance(node, ast.If) else None
        if not (isinstance(guard, ast.Name) and guard.id == "TYPE_CHECKING"):
            yield from ast.walk(node)


def _without(source: str, imports: list[ast.ImportFrom]) -> str:
    lines = source.splitlines()
    for node in imports:
        for number in range(node.lineno - 1, node.end_lineno or node.lineno):
            lines[number] = ""
    return "\n".join(lines) + "\n"
