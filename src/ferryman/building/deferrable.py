"""Finds the app's modules that import a package, and whether they could import it later.

Pure: it reads sources, and runs none of them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from ferryman.building.compiling.definitions import blocks_of, bound_name, names_used_early

__all__ = ("modules_that_could_wait",)


def modules_that_could_wait(sources: Mapping[str, str], wanted: str) -> tuple[str, ...]:
    """Return the modules that import another's module while they are imported themselves.

    Args:
        sources: The text of each of the app's modules, by its name.
        wanted: The full name of the other module.

    Returns:
        The app's modules; none if one of them needs it at once, as a decorator or a base.
    """
    found = []
    for module, text in sources.items():
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            continue  # a template, or a newer Python's
        if names := {*_names_bound(tree.body, wanted)}:
            if names & {*names_used_early(tree.body), *_annotations(tree), "*"}:
                return ()
            found.append(module)
    return tuple(found)


def _names_bound(block: Iterable[ast.stmt], wanted: str) -> Iterator[str]:
    """Yield the names that a block binds as it runs, by importing a module or a part of it."""
    for node in block:
        if isinstance(node, ast.Import | ast.ImportFrom):
            above = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
            for one in node.names:
                if f"{above}{one.name}.".startswith(f"{wanted}."):
                    yield bound_name(one)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for inner in blocks_of(node):
                yield from _names_bound(inner, wanted)


def _annotations(tree: ast.Module) -> set[str]:
    """Return the names in annotations, where a function's are evaluated as it is defined."""
    futures = (node for node in tree.body if isinstance(node, ast.ImportFrom))
    if any(one.name == "annotations" for node in futures for one in node.names):
        return set()
    parts = (getattr(node, field, None) for node in ast.walk(tree) for field in _ANNOTATED)
    names = (inner for part in parts if isinstance(part, ast.AST) for inner in ast.walk(part))
    return {node.id for node in names if isinstance(node, ast.Name)}


_ANNOTATED = ("annotation", "returns")
