"""Compiles the files that standard input names, to bytecode that looks at no source.

Standard input is a JSON list of source, target, the path that tracebacks show, and whether
the imports of the module may wait. Standard output is a JSON list of the sources that are
no valid Python.
"""

from __future__ import annotations
import __future__

import ast
import importlib.util
import json
import marshal
import sys
from pathlib import Path
from types import CodeType

from ferryman.core.build.compiling.deferral import SELDOM, defer_definitions

__all__ = ("main",)

# "Cached bytecode invalidation" in the reference of Python's import system; the layout is
# in PEP 552: a magic number, flags, eight bytes of hash, the code.
_UNCHECKED_HASH = (0b01).to_bytes(4, "little")


def main() -> None:
    """Compile, and say what could not be."""
    invalid = []
    for source, target, location, deferred in json.load(sys.stdin):
        data = Path(source).read_bytes()
        try:
            code = _compile(data, location, deferred)
        except (SyntaxError, ValueError):
            invalid.append(source)
            continue
        content = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH
        content += importlib.util.source_hash(data) + marshal.dumps(code)
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).write_bytes(content)
    json.dump(invalid, sys.stdout)


def _compile(data: bytes, location: str, deferred: bool) -> CodeType:
    """Return the code of a module.

    Raises:
        SyntaxError, ValueError: It is no valid Python.
    """
    if deferred:
        tree = ast.parse(data)
        _drop_docstrings(tree)
        if defer_definitions(tree, SELDOM, package=Path(location).name == "__init__.py"):
            # Annotations as text: most names of an import are in nothing else.
            flags = __future__.annotations.compiler_flag
            code: CodeType = compile(tree, location, "exec", flags, dont_inherit=True)
            return code
    return compile(data, location, "exec", dont_inherit=True)


def _drop_docstrings(tree: ast.Module) -> None:
    """Leave out what functions say of themselves: nobody asks them where they run."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and ast.get_docstring(node):
            first = node.body[0]
            node.body[:1] = [] if node.body[1:] else [ast.copy_location(ast.Pass(), first)]
