"""Finds files and SQLite databases in the code: M401 to M403."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ferryman.portability.finding import Fact, Place
from ferryman.portability.reading.running_code import RunningCode, calls, keyword
from ferryman.portability.reading.syntax_trees import Code, Function, Module

__all__ = ("file_facts",)

_TEMPORARY = ("/tmp", "/var/tmp", "/dev")  # noqa: S108 - compares paths, and creates none
"""Directories whose files do not last."""

_WRITES = {"write_text", "write_bytes", "touch", "mkdir"}
_OPENS = {"open", "io.open", "aiofiles.open"}
_STORES = {"shelve.open", "dbm.open", "os.makedirs", "os.mkdir"}
_SOMEWHERE = "a file"
_SQLITE = {"sqlite3.connect", "aiosqlite.connect", "sqlite3.dbapi2.connect", "apsw.Connection"}


def file_facts(running: RunningCode) -> Iterator[Fact]:
    """Yield the files that the code writes, and the SQLite databases that it opens or names."""
    for function in running.functions:
        for call, dotted in calls(function):
            path = _written(running.code, function, call, dotted)
            if path:
                code = "M402" if path.startswith(_TEMPORARY) else "M401"
                yield running.fact(code, function, call, f"{function.name} writes {path}")
            elif dotted in _SQLITE:
                what = f"{function.name} opens a SQLite database"
                yield running.fact("M403", function, call, what)
    for module in running.code.modules.values():
        for place in _sqlite_addresses(module):
            yield Fact("M403", place, f"{module.name} names a SQLite database")


def _sqlite_addresses(module: Module) -> Iterator[Place]:
    for node in module.loaded:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            scheme, colon, _ = node.value.partition("://")
            if colon and scheme.split("+")[0] == "sqlite":
                yield Place(module.file, node.lineno)


def _written(code: Code, function: Function, call: ast.Call, dotted: str) -> str:
    """Return the path that a call writes to, or `_SOMEWHERE` if unknown; "" if it writes none."""
    module = function.module
    if dotted in _OPENS and call.args:
        mode = call.args[1] if len(call.args) > 1 else keyword(call, "mode")
        given = code.constant(module, mode)
        if not isinstance(given, str) or not set(given) & set("wax+"):
            return ""
        path = _path(code, module, _assigned(function, call.args[0]))
        temporary = any("temp" in module.dotted(each).lower() for each in function.nodes)
        return path or ("" if temporary else _SOMEWHERE)
    if dotted in _STORES and call.args:
        return _path(code, module, _assigned(function, call.args[0]))
    if isinstance(call.func, ast.Attribute) and call.func.attr in _WRITES:
        return _path(code, module, _assigned(function, call.func.value))
    return ""


def _assigned(function: Function, node: ast.expr) -> ast.expr:
    """Return the value that a function assigns to a local name; else the expression itself."""
    for each in function.nodes if isinstance(node, ast.Name) else ():
        if isinstance(each, ast.Assign) and ast.unparse(each.targets[0]) == ast.unparse(node):
            return each.value
    return node


def _path(code: Code, module: Module, node: ast.AST) -> str:
    """Return the beginning of a path, if it is a constant; else ""."""
    if isinstance(node, ast.JoinedStr):
        return _path(code, module, node.values[0]) if node.values else ""
    if isinstance(node, ast.BinOp):
        return _path(code, module, node.left)
    if isinstance(node, ast.Call) and node.args:
        named = module.dotted(node.func) in ("pathlib.Path", "os.path.join", "pathlib.PurePath")
        return _path(code, module, node.args[0]) if named else ""
    if isinstance(node, ast.Name):
        owner, value = code.assignment(module, node)
        return _path(code, owner, value) if owner and value else ""
    text = code.constant(module, node)
    return text if isinstance(text, str) else ""
