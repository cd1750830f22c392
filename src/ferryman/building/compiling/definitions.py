"""Chooses the statements of a module that can be deferred until a function uses their names.

It reads a syntax tree and does not change it. A statement can be deferred if no code that runs
during the import uses its names, no other statement binds them, and other modules cannot notice.
A class with a base in its own package is never deferred, because `__subclasses__` of the base
would lack it.
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

__all__ = (
    "Definition",
    "Seldom",
    "blocks_of",
    "bound_name",
    "choose_waiting",
    "names_used",
    "names_used_early",
)

# Decorators that change only the class and register it nowhere.
_LOCAL_DECORATORS = {"s", "define", "dataclass", "final", "runtime_checkable", "total_ordering"}

_PURE = {"ParamSpec", "TypeVar", "functools.partial", "partial", "re.compile"}

_Import = ast.Import | ast.ImportFrom
_Function = ast.FunctionDef | ast.AsyncFunctionDef
_Block = list[ast.stmt]


@dataclass(frozen=True, slots=True)
class Seldom:
    """The imports that may be deferred.

    Attributes:
        modules: Modules outside the package.
        names: Names that the module imports from its own package; None allows all of them.
    """

    modules: Container[str]
    names: Container[str] | None = None


@dataclass(frozen=True, slots=True)
class Definition:
    """A statement that may be deferred.

    Attributes:
        names: The names that it binds.
        statement: The statement to run. An import of several names is split into one for each.
        origin: The statement in the module.
    """

    names: frozenset[str]
    statement: ast.stmt
    origin: ast.stmt


def choose_waiting(tree: ast.Module, seldom: Seldom) -> tuple[Definition, ...]:
    """Return the definitions of a module that may be deferred.

    Args:
        tree: The module. Its annotations must not be evaluated.
        seldom: The imports that may be deferred.
    """
    if _answers_itself(tree):
        return ()
    bindings = Counter(name for node in tree.body for name in {*_bindings(node)})
    own = _own_names(tree)
    found = [
        one
        for node in tree.body
        for one in _definitions(node, seldom, own)
        if _is_alone(one, bindings)
    ]
    while True:
        # If a builtin has the same name, the guard would find the builtin.
        early = {*names_used_early(tree.body, found), *dir(builtins)}
        waiting = [one for one in found if not one.names & early]
        if len(waiting) == len(found):
            return tuple(waiting)
        found = waiting


def _answers_itself(tree: ast.Module) -> bool:
    """Return whether a module binds `__getattr__` other than by a plain function."""
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    plain = Counter(node.name for node in functions)["__getattr__"]
    return [*_bindings(tree)].count("__getattr__") != plain


def names_used(node: ast.stmt) -> set[str]:
    """Return the names that a statement uses outside its inner blocks."""
    return {name for part in _expressions(node) for name in _loads(part)}


def blocks_of(node: ast.stmt) -> Iterator[_Block]:
    """Yield the inner blocks of a statement, except those for type checkers."""
    if _is_for_type_checkers(node):
        return
    for holder in (node, *getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(holder, field, None)
            if isinstance(block, list):
                yield block


def bound_name(alias: ast.alias) -> str:
    """Return the name that a part of an import binds."""
    return alias.asname or alias.name.partition(".")[0]


def _definitions(node: ast.stmt, seldom: Seldom, own: Container[str]) -> Iterator[Definition]:
    match node:
        case ast.Import() | ast.ImportFrom():
            for single in _singles(node):
                if _may_wait(single, seldom):
                    yield Definition(frozenset({bound_name(single.names[0])}), single, node)
        case ast.ClassDef(name=name) if _changes_itself_alone(node, own):
            yield Definition(frozenset({name}), node, node)
        case (
            ast.Assign(targets=[ast.Name(id=name) as target], value=value)
            | ast.AnnAssign(target=ast.Name(id=name) as target, value=ast.expr() as value)
        ) if _is_type(value) or _is_pure(value):
            # A name that is declared global must not be annotated.
            plain = ast.copy_location(ast.Assign([target], value), node)
            yield Definition(frozenset({name}), plain, node)
        case ast.If() | ast.Try() if _is_choice_of_imports(node, seldom, own):
            yield Definition(frozenset(_bindings(node)), node, node)


def _changes_itself_alone(node: ast.ClassDef, own: Container[str]) -> bool:
    """Return whether neither a decorator nor a base of the package records a class.

    A base lists its subclasses in `__subclasses__`.
    """
    decorators = (_name_of(one) for one in node.decorator_list)
    bases = (*node.bases, *(one.value for one in node.keywords))
    return all(name.rpartition(".")[2] in _LOCAL_DECORATORS for name in decorators) and not any(
        _name_of(base).partition(".")[0] in own for base in bases
    )


def _name_of(node: ast.expr) -> str:
    """Return the name that is called or subscripted: `a.b` for `a.b(c)` and for `a.b[c]`."""
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return ast.unparse(node)


def _own_names(tree: ast.Module) -> frozenset[str]:
    """Return the names in a module that its own package defines."""
    own = set()
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name):
                own.add(name)
            case ast.ImportFrom(names=names, level=level) if level:
                own |= {bound_name(alias) for alias in names}
    return frozenset(own)


def _is_pure(value: ast.expr) -> bool:
    """Return whether an expression is a call whose result does not depend on when it runs."""
    return isinstance(value, ast.Call) and ast.unparse(value.func) in _PURE


def _is_type(value: ast.expr) -> bool:
    """Return whether an expression combines types, as `Callable[[A], B] | C` does."""
    match value:
        case ast.Subscript(value=of):
            return _is_type_name(of)
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return all(_is_type(one) or _is_type_name(one) for one in (left, right))
    return False


def _is_type_name(value: ast.expr) -> bool:
    name = ast.unparse(value).rpartition(".")[2]
    return name in dir(builtins) or name.lstrip("_")[:1].isupper()


def _is_choice_of_imports(node: ast.stmt, seldom: Seldom, own: Container[str]) -> bool:
    """Return whether a statement only chooses imports by version or by installed packages."""
    match node:
        case ast.Import() | ast.ImportFrom():
            return all(_may_wait(single, seldom) for single in _singles(node))
        case ast.Assign(targets=[ast.Name()], value=value):
            return _is_type(value) or isinstance(value, ast.Constant | ast.Name | ast.Attribute)
        case ast.ClassDef():
            return _changes_itself_alone(node, own)
        case ast.If(test=test):
            chooses = ast.unparse(test).startswith(("TYPE_CHECKING", "sys.version_info "))
        case ast.Try():
            chooses = True
        case _:
            return isinstance(node, ast.Pass)
    inside = [one for block in _all_blocks(node) for one in block]
    return chooses and all(_is_choice_of_imports(one, seldom, own) for one in inside)


def _all_blocks(node: ast.stmt) -> Iterator[_Block]:
    for holder in (node, *getattr(node, "handlers", ())):
        yield from (getattr(holder, field, []) for field in ("body", "orelse", "finalbody"))


def _singles(node: _Import) -> Iterator[_Import]:
    for alias in node.names:
        single: _Import = (
            ast.Import([alias])
            if isinstance(node, ast.Import)
            else ast.ImportFrom(node.module, [alias], node.level)
        )
        yield ast.copy_location(single, node)


def _may_wait(node: _Import, seldom: Seldom) -> bool:
    alias = node.names[0]
    if isinstance(node, ast.Import):
        return alias.name in seldom.modules and (alias.asname is None or "." not in alias.name)
    if alias.name == "*" or node.level > 1:
        return False
    if node.level == 0:
        return node.module in seldom.modules
    return seldom.names is None or alias.name in seldom.names


def _is_alone(definition: Definition, bindings: Counter[str]) -> bool:
    """Return whether no other statement binds its names, and none rebinds the names it uses."""
    # Inside a class, Python mangles a name that begins with two underscores.
    mine = all(bindings[name] == 1 and not name.startswith("__") for name in definition.names)
    steady = all(bindings[name] <= 1 for name in names_used_early([definition.statement]))
    return bool(definition.names) and mine and steady


def _bindings(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node binds in the module's scope, once for each binding."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
            yield from _declared_global(node)
            return
        case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
            yield name
        case ast.alias():
            yield bound_name(node)
        case ast.ExceptHandler(name=str(name)):
            yield name
        case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
        case ast.MatchMapping(rest=str(name)):
            yield name
    if not _is_for_type_checkers(node):
        for child in ast.iter_child_nodes(node):
            yield from _bindings(child)


def _declared_global(node: ast.AST) -> Iterator[str]:
    return (
        name for inner in ast.walk(node) if isinstance(inner, ast.Global) for name in inner.names
    )


def names_used_early(block: Iterable[ast.stmt], found: Iterable[Definition] = ()) -> Iterator[str]:
    """Yield the names that a block uses before any function in it runs.

    Args:
        block: The statements.
        found: Definitions whose own statements are ignored, because they are deferred.
    """
    waiting = {id(one.origin) for one in found}
    for node in block:
        if id(node) not in waiting:
            yield from names_used(node)
            if not isinstance(node, _Function):
                for inner in blocks_of(node):
                    yield from names_used_early(inner, found)


def _expressions(node: ast.stmt) -> Iterator[ast.AST]:
    """Yield the expressions that a statement evaluates outside its inner blocks."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from node.decorator_list
            yield from node.args.defaults
            yield from filter(None, node.args.kw_defaults)
        case ast.AnnAssign(target=target, value=value):
            yield from filter(None, (target, value))
        case ast.If() if _is_for_type_checkers(node):
            return
        case _:
            for field, value in ast.iter_fields(node):
                if field not in ("body", "orelse", "finalbody"):
                    yield from _headers(value if isinstance(value, list) else [value])


def _headers(values: Iterable[object]) -> Iterator[ast.AST]:
    for value in values:
        match value:
            case ast.ExceptHandler(type=kind):
                yield from filter(None, (kind,))
            case ast.match_case(pattern=pattern, guard=guard):
                yield from filter(None, (pattern, guard))
            case ast.AST():
                yield value


def _loads(node: ast.AST) -> Iterator[str]:
    return (inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name))


def _is_for_type_checkers(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.If)
        and isinstance(node.test, ast.Name)
        and node.test.id == "TYPE_CHECKING"
        and not node.orelse
    )
