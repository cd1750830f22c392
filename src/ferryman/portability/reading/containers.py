"""Python's own containers, where code makes them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ferryman.portability.reading.app_keys import app_key, is_app
from ferryman.portability.reading.syntax_trees import Code, Module

__all__ = ("is_container", "keys_of_containers")

_CONTAINERS = {
    *("dict", "list", "set", "bytearray", "collections.Counter", "collections.OrderedDict"),
    *("collections.defaultdict", "collections.deque", "weakref.WeakSet"),
    *("cachetools.Cache", "cachetools.LRUCache", "cachetools.LFUCache", "cachetools.TTLCache"),
    *("weakref.WeakValueDictionary", "weakref.WeakKeyDictionary"),
}
_DISPLAYS = (ast.Dict, ast.List, ast.Set, ast.DictComp, ast.ListComp, ast.SetComp)


def is_container(module: Module, node: ast.AST | None) -> bool:
    """Say whether an expression makes a container that can be changed, or a count."""
    if isinstance(node, _DISPLAYS):
        return True
    if isinstance(node, ast.Call):
        dotted = module.dotted(node.func)
        return dotted in _CONTAINERS or dotted == "itertools.count"
    return False


def keys_of_containers(code: Code) -> Iterator[str]:
    """Yield the keys of the app, as their labels, that are set to a container."""
    for module in code.modules.values():
        for node in module.loaded:
            if isinstance(node, ast.Assign) and is_container(module, node.value):
                for target in node.targets:
                    if isinstance(target, ast.Subscript) and is_app(target.value):
                        yield app_key(code, module, target.slice)
