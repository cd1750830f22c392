"""Changes a module so that it defines a name only when that name is first used.

Imports at the top of a module, classes and regular expressions take time in every process, even if
it never uses them. If only functions use a name, its definition can be deferred until one of them
runs. The definition moves into a function, and each statement that uses the name gets a guard

    try: name
    except NameError: _late_name()

which costs nothing once the name is defined. A `__getattr__` and a `__dir__` (PEP 562) define the
name for other modules; only the module's `__dict__` lacks it until then. The change is made on the
syntax tree, so line numbers stay the same, and it has no knowledge of particular packages. Python
3.15 has a statement for lazy imports (PEP 810).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ferryman.building.compiling.definitions import (
    Definition,
    Seldom,
    blocks_of,
    bound_name,
    choose_waiting,
    names_used,
    names_used_early,
)

__all__ = ("SELDOM", "defer_definitions")

SELDOM = frozenset(
    {
        "argparse",
        "attr",
        "base64",
        "binascii",
        "backports.zstd",
        "brotli",
        "brotlicffi",
        "compression.zstd",
        "concurrent.futures",
        "datetime",
        "decimal",
        "email.message",
        "email.parser",
        "email.policy",
        "email.utils",
        "fnmatch",
        "hashlib",
        "html",
        "http.client",
        "http.cookies",
        "idna",
        "inspect",
        "ipaddress",
        "mimetypes",
        "netrc",
        "pathlib",
        "platform",
        "simplejson",
        "ssl",
        "tempfile",
        "textwrap",
        "traceback",
        "typing_extensions",
        "unicodedata",
        "urllib.request",
        "uuid",
        "zlib",
    }
)
"""Modules that many packages import and most processes never use; each takes most of a ms."""

# The function that runs a definition. Two threads that use a class concurrently must get the same
# class. The names that the class needs are defined before the lock is taken: an import under the
# lock could deadlock with the import system's locks.
_CLASS = """
def {maker}():
    global {names}
    with _late:
        if {name!r} not in globals():
            pass
"""

_IMPORT = """
def {maker}():
    global {names}
"""

# In a package's own `__init__`, `from . import name` would ask `__getattr__` for the name.
_SUBMODULE = """
def {maker}():
    from importlib import import_module
    globals()[{name!r}] = import_module({module!r}, __package__)
"""

_GUARD = """
try: {name}
except NameError: {maker}()
"""

_LOCK = """
from _thread import RLock as _late
_late = _late()
"""

_ANSWER = """
_late_others = globals().get("__getattr__")

def __getattr__(name):
    maker = globals().get("_late_" + name)
    if maker is not None:
        maker()
        return globals()[name]
    if name in {submodules}:
        from importlib import import_module
        return import_module({submodules}[name], __package__)
    if _late_others is not None:
        return _late_others(name)
    raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
"""

_LISTING = """
_late_names = globals().get("__dir__", globals().keys)

def __dir__():
    for name, maker in [*globals().items()]:
        if name.startswith("_late_") and name not in ("_late_names", "_late_others"):
            maker()
    return [name for name in _late_names() if not name.startswith("_late")]
"""

# The last one holds for every supported CPython; `inspect` would take 5 % of a start.
_KNOWN: dict[str, str | bool] = {
    "platform.python_implementation()": "CPython",
    "platform.system()": "Linux",
    "'module' in inspect.signature(typing._type_check).parameters": True,
}

_Import = ast.Import | ast.ImportFrom
_Makers = Mapping[str, str]


def defer_definitions(tree: ast.Module, seldom: Seldom, *, package: bool) -> bool:
    """Change a module's tree so that its definitions are deferred to their first use.

    Args:
        tree: The module. Its annotations must not be evaluated: compile the tree with the flag of
            `from __future__ import annotations`.
        seldom: The imports that may be deferred.
        package: Whether the module is the `__init__` of a package.

    Returns:
        Whether the tree was changed.
    """
    _Platform().visit(tree)
    chosen = choose_waiting(tree, seldom)
    if not chosen:
        return False
    makers = {name: f"_late_{name}" for one in chosen for name in one.names}
    own = {getattr(node, "name", "") for node in tree.body}
    body = [new for node in tree.body for new in _replaced(node, chosen, makers, package)]
    answer = _ANSWER.format(submodules=_submodules(chosen) if package else {})
    # If the module defines these functions itself, ours come after them and call them.
    first, last = _LOCK, ""
    for name, ours in (("__dir__", _LISTING), ("__getattr__", answer)):
        first, last = (first, last + ours) if name in own else (first + ours, last)
    start = next(i for i, node in enumerate(body) if not _is_prologue(node))
    body[start:start] = ast.parse(first).body
    tree.body = [*body, *ast.parse(last).body]
    ast.fix_missing_locations(tree)
    return True


class _Platform(ast.NodeTransformer):
    """Replaces tests of the platform by their results: the bytecode runs on CPython on Linux."""

    def visit_Call(self, node: ast.Call | ast.Compare) -> ast.AST:
        known = _KNOWN.get(ast.unparse(node))
        if known is None:
            return self.generic_visit(node)
        return ast.copy_location(ast.Constant(known), node)

    visit_Compare = visit_Call

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        # The branch for type checkers may define a `__getattr__`, which would replace ours.
        checked = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        return node.orelse if checked and node.orelse else node


def _is_prologue(node: ast.stmt) -> bool:
    """Return whether a statement must stay at the top of a module."""
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return text or (isinstance(node, ast.ImportFrom) and node.module == "__future__")


def _guard(block: list[ast.stmt], makers: _Makers, there: frozenset[str]) -> None:
    """Insert guards before the statements that may be the first to use a deferred name."""
    guarded: list[ast.stmt] = []
    for node in block:
        missing = names_used(node) & makers.keys() - there
        there |= missing
        for inner in blocks_of(node):
            _guard(inner, makers, there)
        guarded += [*_guards(missing, makers, node), node]
    block[:] = guarded


def _guards(names: Iterable[str], makers: _Makers, at: ast.stmt) -> Iterator[ast.stmt]:
    for name in sorted(names):
        yield from _statements(_GUARD.format(name=name, maker=makers[name]), at)


def _replaced(
    node: ast.stmt, chosen: Iterable[Definition], makers: _Makers, package: bool
) -> Iterator[ast.stmt]:
    """Yield the replacement of a statement: its remainder, and the functions that run the rest."""
    own = [one for one in chosen if one.origin is node]
    names = {name for one in own for name in one.names}
    if isinstance(node, _Import):
        node.names = [alias for alias in node.names if bound_name(alias) not in names]
    if not own or (isinstance(node, _Import) and node.names):
        left = [node]
        _guard(left, makers, frozenset())
        yield from left
    for one in own:
        yield from _maker(one, makers, package)


def _maker(one: Definition, makers: _Makers, package: bool) -> list[ast.stmt]:
    """Return the function that runs a definition, once under each name that it defines."""
    first, *others = sorted(one.names)
    node = one.statement
    fields = {"maker": makers[first], "name": first, "names": ", ".join(sorted(one.names))}
    match node:
        case ast.ImportFrom(module=None, names=[alias]) if package:
            maker = _statements(_SUBMODULE.format(**fields, module=f".{alias.name}"), node)
        case ast.Import() | ast.ImportFrom():
            maker = _statements(_IMPORT.format(**fields), node)
            maker[0].body.append(node)
        case _:
            maker = _statements(_CLASS.format(**fields), node)
            _fill(maker[0], one, makers)
    same = (f"{makers[name]} = {makers[first]}" for name in others)
    return [*maker, *_statements("\n".join(same), node)]


def _fill(maker: ast.stmt, definition: Definition, makers: _Makers) -> None:
    """Insert a definition into its function, after guards for the names that it needs."""
    assert isinstance(maker, ast.FunctionDef)
    early = {*names_used_early([definition.statement])} & makers.keys() - definition.names
    inner = [definition.statement]
    _guard(inner, makers, definition.names | early)
    match maker.body[-1]:
        case ast.With(body=[ast.If() as missing]):
            missing.body = inner
    maker.body[1:1] = _guards(early, makers, definition.statement)


def _statements(text: str, at: ast.stmt) -> list[Any]:
    """Parse statements, and give them the line number of another statement."""
    tree = ast.parse(text)
    for part in ast.walk(tree):
        if "lineno" in part._attributes:
            ast.copy_location(part, at)
    return tree.body


def _submodules(chosen: Iterable[Definition]) -> dict[str, str]:
    """Return the submodules that imports would have bound in their package, by name."""
    found = {}
    for one in chosen:
        node = one.statement
        if isinstance(node, ast.ImportFrom) and node.level:
            first = (node.module or node.names[0].name).partition(".")[0]
            found[first] = f".{first}"
    return found
