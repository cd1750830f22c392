"""The app and its keys, as code names them and as the probe calls them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ferryman.portability.reading.syntax_trees import Code, Module

__all__ = ("app_key", "is_app", "is_container", "keys_of_containers")


def app_key(code: Code, module: Module, node: ast.AST) -> str:
    """Return the label of a key of the app, as the probe has it: `app['cards']`.

    An AppKey goes by its own name, behind that of the module that makes it.
    """
    value = code.constant(module, node)
    if isinstance(value, str):
        return f"app['{value}']"
    found = code.lookup(module, node)
    made = found and found[0].assigned.get(found[1])
    if found and isinstance(made, ast.Call) and made.args:
        name = code.constant(found[0], made.args[0])
        if isinstance(name, str):
            return f"app['{found[0].name}.{name}']"
    return ""


def is_app(node: ast.AST) -> bool:
    """Say whether an expression is the app, as handlers reach it."""
    if isinstance(node, ast.Attribute):
        return node.attr in ("app", "config_dict")
    return isinstance(node, ast.Name) and node.id in ("app", "application")


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
