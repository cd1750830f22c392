"""Finds the app, its keys and its long-lived objects in the code, under the probe's labels."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

from ferryman.portability.reading.syntax_trees import Code, Function, Module

__all__ = ("app_key", "is_app", "is_container", "is_view", "keys_of_containers", "long_lived")


def app_key(code: Code, module: Module, node: ast.AST) -> str:
    """Return the label of a key of the app, such as `app['cards']`; empty if unknown.

    The label of an AppKey has the module that creates the key, then the key's own name.
    """
    value = code.constant(module, node)
    if isinstance(value, str):
        return f"app['{value}']"
    owner, created = code.assignment(module, node)
    if owner and isinstance(created, ast.Call) and created.args:
        name = code.constant(owner, created.args[0])
        if isinstance(name, str):
            return f"app['{owner.name}.{name}']"
    return ""


def is_app(node: ast.AST) -> bool:
    """Return whether an expression looks like the app: `request.app`, `app`, `application`."""
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
    """Return whether an expression creates a mutable container or a counter."""
    if isinstance(node, _DISPLAYS):
        return True
    if isinstance(node, ast.Call):
        dotted = module.dotted(node.func)
        return dotted in _CONTAINERS or dotted == "itertools.count"
    return False


def keys_of_containers(code: Code) -> Iterator[str]:
    """Yield the labels of the keys of the app that hold a container."""
    for module in code.modules.values():
        for label, value in _set_keys(code, module):
            if is_container(module, value):
                yield label


def _set_keys(code: Code, module: Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield the label of each key of the app that a module sets, with the value."""
    for node in module.loaded:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Subscript) and is_app(target.value):
                    yield app_key(code, module, target.slice), node.value


def long_lived(code: Code, handlers: Collection[Function]) -> Mapping[ast.ClassDef, str]:
    """Return the classes whose objects live as long as the app, with the label of each object.

    A module, a key of the app, or a handler that is a method holds such an object.

    Args:
        code: The user's modules.
        handlers: The handlers of the routes.
    """
    labels: dict[ast.ClassDef, str] = {}
    for module in code.modules.values():
        globals_ = ((f"{module.name}.{name}", value) for name, value in module.assigned.items())
        for label, value in (*globals_, *_set_keys(code, module)):
            if isinstance(value, ast.Call) and label:
                for kind in _with_bases(code, module, value.func):
                    labels.setdefault(kind, label)
    for handler in handlers:
        if handler.owner and not is_view(code, handler.module, handler.owner):
            labels.setdefault(handler.owner, f"{handler.module.name}.{handler.owner.name}")
    return labels


def _with_bases(
    code: Code, module: Module, node: ast.AST, steps: int = 5
) -> Iterator[ast.ClassDef]:
    """Yield the user's class that an expression names, and the classes that it extends."""
    resolved = code.lookup(module, node)
    known = resolved and resolved[0].classes.get(resolved[1])
    if resolved and known and steps:  # a name may refer to itself
        yield known
        for base in known.bases:
            yield from _with_bases(code, resolved[0], base, steps - 1)


def is_view(code: Code, module: Module, owner: ast.ClassDef, steps: int = 5) -> bool:
    """Return whether an object of a class is made for each request.

    Views of packages that are not read are recognised by their name, such as `PydanticView`.
    """
    for base in owner.bases:
        if module.dotted(base).endswith("View"):
            return True
        found = code.lookup(module, base)
        above = found and found[0].classes.get(found[1])
        if found and above and steps and is_view(code, found[0], above, steps - 1):
            return True
    return False
