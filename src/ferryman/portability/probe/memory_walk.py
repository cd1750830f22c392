"""Takes snapshots of the app's memory as flat tables of paths, and compares two of them.

The walk enters Python's own containers and objects of the user's classes. It compares all other
objects, such as a package's client, by identity.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import itertools
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType, MethodType, ModuleType
from typing import Any

from aiohttp import web

from ferryman.portability.probe.user_code import UserCode

__all__ = ("Change", "Memory", "Node", "containers", "differing", "key_label")

_PLAIN = (
    *(str, int, float, complex, bool, bytes, type(None), enum.Enum, uuid.UUID),
    *(datetime.date, datetime.time, datetime.timedelta, decimal.Decimal),
)
_SEQUENCES = (list, tuple, collections.deque)
_SETS = (set, frozenset)
_CONTAINERS = (dict, list, set, bytearray, collections.deque)

_NODES, _SECONDS, _DEPTH, _ITEMS = 20_000, 0.4, 8, 500
"""The limits of a walk: paths, seconds, levels, and items of each container."""


@dataclass(frozen=True, slots=True)
class Node:
    """A value on a path.

    Attributes:
        token: Differs after a change of the value. For a container: its keys or length.
        root: The path's beginning, such as `app['cards']` or `shop.CARDS`.
        owner: The user's class that has the value as an attribute, as module and name.
        name: The name of the attribute or the global.
        keys: A dictionary's keys, as text.
    """

    token: object
    root: str
    owner: tuple[str, str] | None
    name: str
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Change:
    """A path whose value changed.

    Attributes:
        path: The path.
        node: The value after the change.
        added: The keys that a dictionary gained.
    """

    path: str
    node: Node
    added: frozenset[str]


def key_label(key: object) -> str:
    """Return the label of a key of the app: `app['cards']`."""
    name = getattr(key, "_name", key) if isinstance(key, web.AppKey) else key
    return f"app['{name}']"


def containers(apps: list[web.Application]) -> list[str]:
    """Return the labels of the keys of apps that hold Python's own containers."""
    return [
        key_label(key)
        for app in apps
        for key, value in dict.items(app._state)
        if isinstance(value, _CONTAINERS)
    ]


def differing(before: Mapping[str, Node], after: Mapping[str, Node]) -> list[Change]:
    """Return the outermost change of each root.

    A value that changed from None does not count: the app created it when it first needed it, and
    each process may create its own.
    """
    changes: dict[str, Change] = {}
    for path, node in after.items():
        earlier = before.get(path)
        if earlier is None or earlier.token in (node.token, ("plain", None)):
            continue
        changes.setdefault(node.root, Change(path, node, node.keys - earlier.keys))
    return list(changes.values())


class Memory:
    """Walks through the memory of an app.

    Args:
        code: Distinguishes the user's classes from packages'.
        apps: The app and its sub-apps.
        held: Values that only handlers hold, by a label: their objects and their closures.
    """

    def __init__(
        self, code: UserCode, apps: list[web.Application], held: Mapping[str, object]
    ) -> None:
        self._code = code
        self._apps = apps
        self._held = held
        self._kept: list[object] = []
        self._own: dict[type, bool] = {}

    def snapshot(self) -> dict[str, Node]:
        """Return the current table."""
        table: dict[str, Node] = {}
        seen: set[int] = set()
        deadline = time.monotonic() + _SECONDS
        for path, value, place in self._roots():
            self._walk(table, seen, path, value, place, 0, deadline)
        return table

    def _roots(self) -> Iterator[tuple[str, object, Node]]:
        for app in self._apps:
            for key, value in dict.items(app._state):
                label = key_label(key)
                yield label, value, Node(None, label, None, label)
        for name, module in self._code.modules().items():
            for bare, value in list(vars(module).items()):
                if not bare.startswith("__") and not _is_code(value):
                    label = f"{name}.{bare}"
                    yield label, value, Node(None, label, None, bare)
                elif isinstance(value, type) and value.__module__ == name:
                    yield from self._class(name, value)
        for label, value in self._held.items():
            yield label, value, Node(None, label, None, label.rpartition(".")[2])

    def _class(self, module: str, kind: type) -> Iterator[tuple[str, object, Node]]:
        packages = [
            base for base in kind.__mro__[1:] if base.__module__ not in self._code.modules()
        ]
        for bare, value in list(vars(kind).items()):
            if bare.startswith("_") and any(hasattr(base, bare) for base in packages):
                continue  # a package keeps it for itself, in each class that extends its own
            if isinstance(value, (*_CONTAINERS, int, str)) and not bare.startswith("__"):
                label = f"{module}.{kind.__qualname__}.{bare}"
                yield label, value, Node(None, label, (module, kind.__name__), bare)

    def _walk(
        self,
        table: dict[str, Node],
        seen: set[int],
        path: str,
        value: object,
        place: Node,
        depth: int,
        deadline: float,
    ) -> None:
        if len(table) >= _NODES or time.monotonic() > deadline:
            return
        token, keys = self._token(value)
        table[path] = Node(token, place.root, place.owner, place.name, keys)
        if isinstance(value, _PLAIN) or id(value) in seen or depth >= _DEPTH:
            return
        seen.add(id(value))
        for part, inner, owner, name in self._parts(value):
            below = Node(None, place.root, owner or place.owner, name or place.name)
            self._walk(table, seen, path + part, inner, below, depth + 1, deadline)

    def _token(self, value: object) -> tuple[object, frozenset[str]]:
        if isinstance(value, _PLAIN):
            return ("plain", value), frozenset()
        if isinstance(value, dict):
            keys = frozenset(str(key)[:200] for key in itertools.islice(value, _ITEMS))
            return ("dict", len(value), keys), keys
        if isinstance(value, (*_SEQUENCES, *_SETS)):
            return ("items", len(value)), frozenset()
        if isinstance(value, (bytearray, itertools.count)):
            return ("text", repr(value)), frozenset()
        if self._is_own(type(value)):
            return ("own", type(value)), frozenset()
        self._kept.append(value)  # so that no later object can have its id
        return ("other", id(value)), frozenset()

    def _parts(self, value: object) -> Iterator[tuple[str, object, tuple[str, str] | None, str]]:
        if isinstance(value, dict):
            for key, inner in itertools.islice(list(value.items()), _ITEMS):
                yield f"[{str(key)[:200]!r}]", inner, None, ""
        elif isinstance(value, _SEQUENCES):
            for index, inner in enumerate(itertools.islice(value, _ITEMS)):
                yield f"[{index}]", inner, None, ""
        elif self._is_own(type(value)):
            owner = type(value).__module__, type(value).__name__
            for name, inner in _attributes(value):
                if not _is_code(inner):
                    yield f".{name}", inner, owner, name

    def _is_own(self, kind: type) -> bool:
        known = self._own.get(kind)
        if known is None:
            known = kind.__module__ in self._code.modules() and not issubclass(kind, type)
            self._own[kind] = known
        return known


def _is_code(value: object) -> bool:
    return isinstance(value, (type, ModuleType, FunctionType, MethodType))


def _attributes(value: Any) -> Iterator[tuple[str, object]]:
    yield from list(getattr(value, "__dict__", {}).items())
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            try:
                yield name, object.__getattribute__(value, name)
            except AttributeError:
                continue
