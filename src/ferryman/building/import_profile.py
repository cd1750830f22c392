"""The imports of an app as a tree with their costs, and the changes that would save most.

Pure functions on the output of `python -X importtime`. It knows neither the app nor a target.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

from ferryman.building.compiling.definitions import blocks_of, bound_name, names_used_early

__all__ = ("Import", "ImportProfile", "read_import_times")

_LINE = re.compile(r"import time:\s+(\d+) \|\s+(\d+) \|( +)(\S+)$")

# Shorter imports are not worth a line.
_SHOWN = 1.0


@dataclass(frozen=True, slots=True)
class Import:
    """A module that was imported.

    Attributes:
        name: Its full name.
        own: Milliseconds of the module itself.
        total: Milliseconds with the modules that it was the first to import.
        imports: The modules that it was the first to import.
    """

    name: str
    own: float
    total: float
    imports: tuple[Import, ...]


@dataclass(frozen=True, slots=True)
class Fix:
    """A way to shorten the start.

    Attributes:
        saves: Milliseconds, if nothing else imports it.
        advice: What to do.
    """

    saves: float
    advice: str


@dataclass(frozen=True, slots=True)
class ImportProfile:
    """The import costs of an app, without modules that the runtime has already imported.

    Attributes:
        root: The app's module.
        fixes: The fixes that save most, at most three.
    """

    root: Import
    fixes: tuple[Fix, ...]

    def to_json(self) -> str:
        """Return the profile as JSON."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def to_text(self) -> str:
        """Return the tree, the most expensive first, and the fixes."""
        lines = ["   total     own", *_tree(self.root, 0), ""]
        lines += [f"{fix.saves:8.1f} ms  {fix.advice}" for fix in self.fixes]
        return (
            "\n".join(lines if self.fixes else [*lines, "nothing else is worth deferring"]) + "\n"
        )


def read_import_times(text: str, module: str, sources: Mapping[str, str]) -> ImportProfile | None:
    """Return the profile of a module from the output of `-X importtime`.

    Args:
        text: The standard error of the interpreter.
        module: The app's module.
        sources: The text of each of the app's modules, by its name.

    Returns:
        The profile, or None if the module was not imported.
    """
    roots = _read(text)
    top = module.partition(".")[0]
    own = tuple(one for one in roots if _top(one) == top)
    if not own:
        return None
    total = sum(one.total for one in own)
    root = own[0] if len(own) == 1 else Import(module, 0.0, total, own)
    return ImportProfile(root, _fixes(root, top, sources))


def _read(text: str) -> tuple[Import, ...]:
    """Return the top-level imports; in the text, a module's line follows those of its imports."""
    waiting: list[tuple[int, Import]] = []
    for line in text.splitlines():
        if match := _LINE.match(line):
            depth = len(match[3])
            first = len(waiting)
            while first and waiting[first - 1][0] > depth:
                first -= 1
            imports = tuple(one for _, one in waiting[first:])
            own, total = int(match[1]) / 1000, int(match[2]) / 1000
            waiting[first:] = [(depth, Import(match[4], own, total, imports))]
    return tuple(one for _, one in waiting)


def _fixes(root: Import, top: str, sources: Mapping[str, str]) -> tuple[Fix, ...]:
    found = []
    for foreign in sorted(_borders(root, top), key=lambda one: -one.total):
        modules = _modules_that_could_wait(sources, foreign.name)
        if modules and foreign.total >= _SHOWN:
            found.append(Fix(round(foreign.total, 1), _advice(foreign.name, modules)))
    return tuple(found[:3])


def _advice(name: str, modules: tuple[str, ...]) -> str:
    where = "the function that uses it" if len(modules) == 1 else "the functions that use it"
    return f"import {name} in {where}, and not at the top of {' and '.join(modules)}"


def _borders(node: Import, top: str) -> Iterator[Import]:
    """Yield each third-party module that a module of the app was the first to import."""
    for child in node.imports:
        if _top(child) == top:
            yield from _borders(child, top)
        else:
            yield child


def _tree(node: Import, depth: int) -> Iterator[str]:
    yield f"{node.total:8.1f}{node.own:8.1f}  {'  ' * depth}{node.name}"
    for child in _dearest_first(node.imports):
        if child.total >= _SHOWN:
            yield from _tree(child, depth + 1)


def _dearest_first(imports: Sequence[Import]) -> list[Import]:
    return sorted(imports, key=lambda one: -one.total)


def _top(node: Import) -> str:
    return node.name.partition(".")[0]


def _modules_that_could_wait(sources: Mapping[str, str], wanted: str) -> tuple[str, ...]:
    """Return the app's modules that import a third-party module at their top level.

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
