"""Makes a module import a name when that name is first used, and not before.

An import at the top of a module costs its time in every process, whether or not what it
brings is ever used. Where a module uses a name in the bodies of functions alone, the import
can wait for the first of them to run. A function that uses it is given

    global name
    try: name
    except NameError: from home import name

which costs nothing once the name is there, and the module a `__getattr__` (PEP 562) for
those who ask from outside. It works on syntax trees, so lines stay where they were, and
knows no package by name. Python 3.15 has a statement for this (PEP 810).
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping

__all__ = ("SELDOM", "defer_imports")

SELDOM = frozenset(
    {
        "argparse",
        "concurrent.futures",
        "email.parser",
        "email.policy",
        "email.utils",
        "hashlib",
        "html",
        "http.client",
        "http.cookies",
        "idna",
        "inspect",
        "ipaddress",
        "mimetypes",
        "netrc",
        "platform",
        "tempfile",
        "urllib.request",
        "uuid",
    }
)
"""What modules import and most processes never use, each a millisecond or more."""

_Import = ast.Import | ast.ImportFrom
_Function = ast.FunctionDef | ast.AsyncFunctionDef

_TAIL = """
_deferring = globals().get("__getattr__")

def __getattr__(name):
    import sys
    from importlib import import_module
    if name in {submodules}:
        return import_module({submodules}[name], __package__)
    if name in {modules}:
        import_module({modules}[name])
        return globals().setdefault(name, sys.modules[name])
    if name in {names}:
        home, original = {names}[name]
        return globals().setdefault(name, getattr(import_module(home, __package__), original))
    if _deferring is not None:
        return _deferring(name)
    raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
"""


def defer_imports(tree: ast.Module, seldom: Container[str], *, package: bool) -> bool:
    """Change a module's tree so that imports wait for their first use.

    An import stays where it is if the module uses the name outside functions, in a lambda,
    binds it a second time, or hides the import in a condition, and if it is a builtin's name.

    Args:
        tree: The module. Annotations of its functions are taken for text: compile it with
            the flag of `from __future__ import annotations`.
        seldom: Absolute modules whose import may wait. A relative import always may.
        package: Whether it is the `__init__` of a package.

    Returns:
        Whether anything was changed.
    """
    waiting = _waiting(tree, seldom, package)
    if not waiting:
        return False
    for function in _outermost_functions(tree):
        used = sorted(_loaded(function) & waiting.keys())
        _guard(function, [(name, waiting[name]) for name in used])
    tree.body = [kept for node in tree.body if (kept := _without(node, waiting)) is not None]
    tree.body += _tail(waiting, package)
    ast.fix_missing_locations(tree)
    return True


def _waiting(tree: ast.Module, seldom: Container[str], package: bool) -> dict[str, _Import]:
    """Return the names whose import may wait, each with an import of it alone."""
    found = {
        _bound(alias): single
        for node in tree.body
        if isinstance(node, _Import)
        for alias, single in _singles(node)
        if _may_wait(single, alias, seldom, package)
    }
    bindings = Counter(_bindings(tree))
    # Where a builtin has the name, its absence would go unnoticed.
    early = {*_loaded_early(tree.body), *dir(builtins)}
    return {n: node for n, node in found.items() if bindings[n] == 1 and n not in early}


def _may_wait(node: _Import, alias: ast.alias, seldom: Container[str], package: bool) -> bool:
    if isinstance(node, ast.Import):
        return alias.name in seldom and (alias.asname is None or "." not in alias.name)
    if alias.name == "*":
        return False
    if node.level == 0:
        return node.module in seldom
    return node.level == 1 and (node.module is not None or package)


def _singles(node: _Import) -> Iterator[tuple[ast.alias, _Import]]:
    for alias in node.names:
        if isinstance(node, ast.Import):
            yield alias, ast.Import([alias])
        else:
            yield alias, ast.ImportFrom(node.module, [alias], node.level)


def _bound(alias: ast.alias) -> str:
    return alias.asname or alias.name.partition(".")[0]


def _bindings(tree: ast.Module) -> Iterator[str]:
    """Yield every name each time that something in the module, at any depth, binds it."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()) | ast.arg(arg=name):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name):
                yield name
            case ast.Import(names=names) | ast.ImportFrom(names=names):
                yield from map(_bound, names)
            case ast.ExceptHandler(name=str(name)):
                yield name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name
            case ast.MatchMapping(rest=str(name)):
                yield name
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                yield from names


def _loaded_early(nodes: Iterable[ast.AST]) -> Iterator[str]:
    """Yield the names that are used before any function of the module runs."""
    for node in nodes:
        if isinstance(node, _Function):
            arguments = node.args
            defaults = [*arguments.defaults, *filter(None, arguments.kw_defaults)]
            yield from _loaded_early([*node.decorator_list, *defaults])
        elif isinstance(node, ast.Name):
            yield node.id
        elif not _is_for_type_checkers(node):
            yield from _loaded_early(ast.iter_child_nodes(node))


def _is_for_type_checkers(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
        and not node.orelse
    )


def _outermost_functions(node: ast.AST) -> Iterator[_Function]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _Function):
            yield child
        else:
            yield from _outermost_functions(child)


def _loaded(function: _Function) -> set[str]:
    """Return the names that the body of a function uses, at any depth."""
    nodes = (node for statement in function.body for node in ast.walk(statement))
    return {node.id for node in nodes if isinstance(node, ast.Name)}


def _guard(function: _Function, names: list[tuple[str, _Import]]) -> None:
    """Have a function import names before its first statement, if they are not there."""
    if not names:
        return
    place = int(ast.get_docstring(function, clean=False) is not None)
    line = function.body[min(place, len(function.body) - 1)]
    guards: list[ast.stmt] = [ast.Global([name for name, _ in names])]
    for name, node in names:
        missing = ast.ExceptHandler(ast.Name("NameError", ast.Load()), None, [node])
        guards.append(
            ast.Try([ast.Expr(ast.Name(name, ast.Load()))], [missing], orelse=[], finalbody=[])
        )
    for guard in guards:
        for part in ast.walk(guard):
            ast.copy_location(part, line)
    function.body[place:place] = guards


def _without(node: ast.stmt, waiting: Mapping[str, object]) -> ast.stmt | None:
    if isinstance(node, _Import):
        node.names = [alias for alias in node.names if _bound(alias) not in waiting]
        return node if node.names else None
    return node


def _tail(waiting: Mapping[str, _Import], package: bool) -> list[ast.stmt]:
    """Return what gives the names to those who ask the module for them."""
    modules: dict[str, str] = {}
    names: dict[str, tuple[str, str]] = {}
    submodules: dict[str, str] = {}
    for name, node in waiting.items():
        original = node.names[0].name
        if isinstance(node, ast.Import):
            modules[name] = original
        elif node.module is None:
            submodules[name] = f".{original}"
        else:
            names[name] = ("." * node.level + node.module, original)
            if package and node.level:
                first = node.module.partition(".")[0]
                submodules[first] = f".{first}"
    tail = _TAIL.format(modules=modules, names=names, submodules=submodules)
    return ast.parse(tail).body
