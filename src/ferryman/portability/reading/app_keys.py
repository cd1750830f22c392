"""The app and its keys, as code names them and as the probe calls them, and what lives as long."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

from ferryman.portability.reading.syntax_trees import Code, Function, Module

__all__ = ("app_key", "is_app", "is_container", "is_view", "keys_of_containers", "long_lived")


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
    """Return whether an expression is the app, as handlers reach it."""
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
    """Return whether an expression makes a container that can be changed, or a count."""
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


def long_lived(code: Code, handlers: Collection[Function]) -> Mapping[ast.ClassDef, str]:
    """Return such classes, each with how the probe calls what holds its object.

    An object is held by a module, by a key of the app, or by a handler that is its method.

    Args:
        code: The user's modules.
        handlers: The handlers of the routes.
    """
    found: dict[ast.ClassDef, str] = {}
    for module in code.modules.values():
        for name, value in module.assigned.items():
            _hold(code, module, value, f"{module.name}.{name}", found)
        for node in module.loaded:
            if isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Subscript) and is_app(target.value):
                        label = app_key(code, module, target.slice)
                        _hold(code, module, node.value, label, found)
    for handler in handlers:
        if handler.owner and not is_view(code, handler.module, handler.owner):
            found.setdefault(handler.owner, f"{handler.module.name}.{handler.owner.name}")
    return found


def _hold(
    code: Code, module: Module, value: ast.expr, label: str, found: dict[ast.ClassDef, str]
) -> None:
    """Note the class, with those that it extends, whose object a value makes."""
    if isinstance(value, ast.Call) and label:
        for each in _with_bases(code, module, value.func):
            found.setdefault(each, label)


def _with_bases(
    code: Code, module: Module, node: ast.AST, steps: int = 5
) -> Iterator[ast.ClassDef]:
    resolved = code.lookup(module, node)
    known = resolved and resolved[0].classes.get(resolved[1])
    if resolved and known and steps:  # a name may lead to itself
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
