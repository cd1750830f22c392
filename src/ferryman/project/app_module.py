"""Reads the app's module, without running it, to check that its reference leads to an app.

The app's dependencies need not be installed where it is built. The module knows no project.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from ferryman.core.app_reference import (
    AppAttributeMissing,
    AppFactoryFailed,
    AppModuleBroken,
    AppModuleMissing,
    AppReference,
    AppWrongType,
)
from ferryman.records.suggestion import did_you_mean

__all__ = (
    "check_reference",
    "find_module",
    "find_source",
    "is_main",
    "modules_like",
    "needed_arguments",
    "returns_tuple",
    "runs_app",
    "without_main",
)

# A module that uses one of these may define names that its source does not show.
_BINDERS = {"exec", "globals", "locals", "vars"}


def find_module(root: Path, name: str) -> Path | None:
    """Return the package's directory or the module's file that an import from `root` finds."""
    package, module = root / name, root / f"{name}.py"
    if (package / "__init__.py").is_file():
        return package
    if module.is_file():
        return module
    return package if package.is_dir() else None


def find_source(root: Path, module: str) -> Path | None:
    """Return the file that an import of a dotted module from `root` runs last."""
    *parents, name = module.split(".")
    found = find_module(root.joinpath(*parents), name)
    source = found / "__init__.py" if found and found.is_dir() else found
    return source if source and source.is_file() else None


def check_reference(reference: AppReference, root: Path, python: str) -> None:
    """Check that a reference names an app or a factory of one, without running it.

    Its dependencies need not be installed where it is built, so this reads the source. A module
    that defines names dynamically passes.

    Args:
        reference: The reference.
        root: The directory that the app is imported from.
        python: The Python that it is built for, as major.minor.

    Raises:
        AppModuleMissing, AppModuleBroken, AppAttributeMissing: The reference cannot be resolved.
        AppFactoryFailed: The reference names a function that cannot be called without arguments.
        AppWrongType: The reference names a function that returns more than an app.
    """
    source = find_source(root, reference.module)
    if source is None:
        raise AppModuleMissing(
            f"there is no module '{reference.module}' for the app {reference}",
            cause=f"it is not in {root.joinpath(*reference.module.split('.')[:-1])}",
            hint=modules_like(reference.module, [root]),
        )
    tree = _parse(source, reference, python)
    if tree is not None:
        imported = without_main(tree)
        _refuse_running(reference, imported)
        _check_attribute(reference, imported, tree)
        _check_factory(reference, imported)


def modules_like(module: str, roots: Iterable[Path]) -> str:
    """Return a hint with the name that a missing module may be a misspelling of."""
    wanted = module.removesuffix(".py")
    above = wanted.rpartition(".")[0].split(".") if "." in wanted else []
    found = [path for root in roots for path in root.joinpath(*above).glob("*")]
    stems = {path.stem for path in found if path.suffix == ".py" or path.is_dir()}
    known = {".".join((*above, stem)) for stem in stems if stem.isidentifier()}
    hint = f"did you mean '{wanted}'?" if wanted in known else did_you_mean(wanted, known)
    return hint or "check app in [tool.ferryman] of pyproject.toml, or --app"


def without_main(tree: ast.Module) -> ast.Module:
    """Return a module without its blocks `if __name__ == "__main__"`."""
    kept: list[ast.stmt] = []
    for node in tree.body:
        kept += node.orelse if is_main(node) else [node]  # type: ignore[attr-defined]
    return ast.Module(kept, tree.type_ignores)


def is_main(node: ast.stmt) -> bool:
    """Return whether a statement is `if __name__ == "__main__"`."""
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)


def runs_app(node: ast.stmt) -> bool:
    """Return whether a statement of a module serves an app, and does not return."""
    call = node.value if isinstance(node, ast.Expr) else None
    called = ast.unparse(call.func) if isinstance(call, ast.Call) else ""
    return called in ("run_app", "web.run_app", "aiohttp.web.run_app")


def _refuse_running(reference: AppReference, tree: ast.Module) -> None:
    for node in tree.body:
        if runs_app(node):
            raise AppModuleBroken(
                f"the module {reference.module} serves as soon as it is imported",
                cause=f"line {node.lineno}: {ast.unparse(node)}",
                hint='put it under `if __name__ == "__main__":`',
            )


def _check_attribute(reference: AppReference, tree: ast.Module, whole: ast.Module) -> None:
    names = _names(tree)
    attribute = reference.attribute.partition(".")[0]
    if names is None or attribute in names:
        return
    if attribute in _bound_names(whole):
        raise AppAttributeMissing(
            f"the module {reference.module} makes '{attribute}' only where it is the program",
            cause='it stands under `if __name__ == "__main__":`, which no import runs',
            hint="make it above that line, or in a function that returns it: `def create_app():`",
        )
    public = sorted(name for name in names if not name.startswith("_"))
    raise AppAttributeMissing(
        f"the module {reference.module} has no attribute '{attribute}'",
        hint=did_you_mean(attribute, public) or f"it has: {', '.join(public) or 'none'}",
    )


def _check_factory(reference: AppReference, tree: ast.Module) -> None:
    # The last statement that binds the name counts, as far as the source shows it.
    bound = [node for node in tree.body if reference.attribute in _bound_names(node)]
    factory = bound[-1] if bound else None
    if not isinstance(factory, ast.FunctionDef | ast.AsyncFunctionDef) or factory.decorator_list:
        return
    if needed := needed_arguments(factory.args):
        given = ", ".join(f"{name}=..." for name in needed)
        wait = "await " if isinstance(factory, ast.AsyncFunctionDef) else ""
        raise AppFactoryFailed(
            f"the factory {reference} cannot be called without {', '.join(needed)}",
            cause="an app is made by a call without arguments",
            hint="give them defaults, or name a function that passes them: `"
            f"{'async ' if wait else ''}def create_app(): return {wait}"
            f"{reference.attribute}({given})`",
        )
    if returns_tuple(factory):
        raise AppWrongType(
            f"the factory {reference} returns several values, and not an app alone",
            hint="name a function that returns the app of them: "
            f"`def create_app(): return {reference.attribute}()[0]`",
        )


def returns_tuple(factory: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether every return statement of a function returns several values."""
    inner = {
        below
        for node in ast.walk(factory)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        and node is not factory
        for below in ast.walk(node)
    }
    returned = [
        node.value
        for node in ast.walk(factory)
        if isinstance(node, ast.Return) and node not in inner
    ]
    return bool(returned) and all(isinstance(value, ast.Tuple) for value in returned)


def needed_arguments(arguments: ast.arguments) -> list[str]:
    """Return the names of the parameters that have no default."""
    positional = [*arguments.posonlyargs, *arguments.args]
    needed = positional[: len(positional) - len(arguments.defaults)]
    keywords = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return [one.arg for one in (*needed, *(one for one, default in keywords if default is None))]


def _parse(source: Path, reference: AppReference, python: str) -> ast.Module | None:
    """Return the tree of a module, or None if this Python may be too old to parse it."""
    try:
        return ast.parse(source.read_bytes(), filename=str(source))
    except (SyntaxError, ValueError) as error:
        if tuple(map(int, python.split("."))) > sys.version_info[:2]:
            return None
        raise AppModuleBroken(
            f"the module {reference.module} is not valid Python",
            cause=f"{source}:{getattr(error, 'lineno', None) or 1}: {getattr(error, 'msg', error)}",
            hint="fix the module and build again",
        ) from None


def _names(tree: ast.Module) -> set[str] | None:
    """Return the names that a module binds, or None if the source does not show them."""
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names = _bound_names(tree)
    return None if names & {"*", "__getattr__"} or used & _BINDERS else names


def _bound_names(tree: ast.AST) -> set[str]:
    names = {n for node in ast.walk(tree) if isinstance(node, ast.Global) for n in node.names}
    for node in _statements(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update((a.asname or a.name).partition(".")[0] for a in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name:
            names.add(node.name)
    return names


def _statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield a statement and its nested statements, except those in functions and classes."""
    yield node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        for child in ast.iter_child_nodes(node):
            yield from _statements(child)
