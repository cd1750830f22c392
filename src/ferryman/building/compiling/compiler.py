"""Compiles the files that standard input names to bytecode that is valid without its source.

Standard input is a JSON list. Each entry holds the source, the target, the path that tracebacks
show, and null or, if definitions of the module may be deferred, a list with one item: the names of
its own package that it may import late, or null for all of them. Standard output is a JSON list of
the sources that are not valid Python.
"""

from __future__ import annotations
import __future__

import ast
import importlib.util
import json
import marshal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType

from ferryman.building.compiling.deferral import SELDOM, defer_definitions
from ferryman.building.compiling.definitions import Seldom

__all__ = ("main",)

# "Cached bytecode invalidation" in the reference of Python's import system; the layout is
# in PEP 552: a magic number, flags, eight bytes of hash, the code.
_UNCHECKED_HASH = (0b01).to_bytes(4, "little")


def main() -> None:
    """Compile the files, and print the sources that are not valid Python."""
    invalid = []
    for source, target, location, deferral in json.load(sys.stdin):
        data = Path(source).read_bytes()
        try:
            code = _compile(data, location, deferral)
        except (SyntaxError, ValueError, RecursionError):
            invalid.append(source)
            continue
        content = importlib.util.MAGIC_NUMBER + _UNCHECKED_HASH
        content += importlib.util.source_hash(data) + marshal.dumps(code)
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).write_bytes(content)
    json.dump(invalid, sys.stdout)


def _compile(data: bytes, location: str, deferral: tuple[Sequence[str] | None] | None) -> CodeType:
    """Return the code of a module.

    Raises:
        SyntaxError, ValueError, RecursionError: The source is not valid Python.
    """
    if deferral:
        seldom = Seldom(SELDOM, deferral[0])
        tree = ast.parse(data)
        if defer_definitions(tree, seldom, package=Path(location).name == "__init__.py"):
            # As text, annotations do not use the names of imports; most are used nowhere else.
            flags = __future__.annotations.compiler_flag
            code: CodeType = compile(tree, location, "exec", flags, dont_inherit=True)
            return code
    return compile(data, location, "exec", dont_inherit=True)
