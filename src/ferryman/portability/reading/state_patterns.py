"""Finds memory that requests change, and objects and keys that modules create: M301 to M306."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import cast

from ferryman.portability.finding import Fact, Place
from ferryman.portability.reading.app_keys import app_key, is_app, is_container, long_lived
from ferryman.portability.reading.running_code import RunningCode
from ferryman.portability.reading.syntax_trees import AnyFunction, Code, Function, Module, top_level
from ferryman.portability.reading.work_patterns import process_rule

__all__ = ("change_place", "session_word", "state_facts")

_MUTATORS = {
    *("add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem"),
    *("popleft", "remove", "setdefault", "update", "subtract"),
}
"""Methods that change Python's own containers."""

_AT_IMPORT = {
    **dict.fromkeys(("aiohttp.ClientSession", "httpx.AsyncClient", "httpx.Client"), "a client"),
    **dict.fromkeys(("aiohttp.TCPConnector", "aiohttp.UnixConnector"), "a client's connector"),
    **dict.fromkeys(("redis.asyncio.Redis", "redis.asyncio.from_url"), "a Redis client"),
    **dict.fromkeys(("redis.Redis", "redis.from_url", "redis.StrictRedis"), "a Redis client"),
    **dict.fromkeys(("redis.asyncio.Redis.from_url", "redis.Redis.from_url"), "a Redis client"),
    **dict.fromkeys(("redis.asyncio.ConnectionPool", "redis.ConnectionPool"), "a pool"),
    **dict.fromkeys(("valkey.asyncio.Valkey", "valkey.asyncio.from_url"), "a Valkey client"),
    **dict.fromkeys(("motor.motor_asyncio.AsyncIOMotorClient",), "a MongoDB client"),
    **dict.fromkeys(("pymongo.MongoClient", "pymongo.AsyncMongoClient"), "a MongoDB client"),
    **dict.fromkeys(("elasticsearch.AsyncElasticsearch",), "a client"),
    **dict.fromkeys(("sqlalchemy.create_engine",), "a pool"),
    **dict.fromkeys(("sqlalchemy.ext.asyncio.create_async_engine",), "a pool"),
    **dict.fromkeys(("psycopg_pool.AsyncConnectionPool", "psycopg_pool.ConnectionPool"), "a pool"),
    **dict.fromkeys(("asyncpg.create_pool", "aiomysql.create_pool", "aiopg.create_pool"), "a pool"),
    **dict.fromkeys(("psycopg2.pool.ThreadedConnectionPool",), "a pool"),
    **dict.fromkeys((f"asyncio.{n}" for n in ("Lock", "Semaphore", "Condition")), "a lock"),
    **dict.fromkeys(("asyncio.BoundedSemaphore",), "a lock"),
    **dict.fromkeys((f"asyncio.{n}" for n in ("Event", "Queue", "PriorityQueue")), "a queue"),
    "concurrent.futures.ThreadPoolExecutor": "an executor",
    "concurrent.futures.thread.ThreadPoolExecutor": "an executor",
    "multiprocessing.pool.ThreadPool": "an executor",
}
_OF_APP = {"app", "application", "request", "_request", "req", "self"}
_RANDOM = {
    *("os.urandom", "secrets.token_bytes", "secrets.token_hex", "secrets.token_urlsafe"),
    *("cryptography.fernet.Fernet.generate_key", "uuid.uuid4", "random.randbytes"),
}
_KEY_WORDS = ("secret", "key", "salt", "cookie", "session", "sign", "jwt", "token")


def session_word(text: str) -> bool:
    """Return whether a name contains `session`."""
    return "session" in text.lower()


def state_facts(running: RunningCode) -> Iterator[Fact]:
    """Yield the changes of memory by requests, objects created at import, and own keys."""
    living = long_lived(running.code, tuple(dict.fromkeys(running.handlers.values())))
    for function in running.handlers:
        own = _changes_of_object(function, living)
        for node, label in (*_changes(running, function), *own):
            what = f"{function.name} changes {label}"
            yield replace(running.fact(_rule(label), function, node, what), about=label)
    for module in running.code.modules.values():
        yield from _made_at_import(module)
        yield from _own_keys(module, top_level(module.tree))
    for function in running.starters:
        yield from _own_keys(function.module, function.nodes)


def _rule(label: str) -> str:
    """Return the code of the rule for a change of the value with a label."""
    if session_word(label):
        return "M303"
    return "M301" if label.startswith("app[") else "M302"


def _changes(running: RunningCode, function: Function) -> Iterator[tuple[ast.AST, str]]:
    """Yield each node that changes a value which outlives the request, with the value's label."""
    aliases = _aliases(function.node)
    above = function.parents
    declared = {
        name for node in function.nodes if isinstance(node, ast.Global) for name in node.names
    }
    local = _locals(function.node) - declared
    for node in function.nodes:
        for target, whole in _changed(node):
            if isinstance(target, ast.Name) and whole:
                if target.id in declared and not _made_late(node, target.id, above):
                    yield node, f"{function.module.name}.{target.id}"
                continue
            root = _resolved(target, aliases)
            if _base(root) in local:
                continue
            label = _label(running, function.module, root, whole)
            if label:
                yield node, label


def _changes_of_object(
    function: Function, living: Mapping[ast.ClassDef, str]
) -> Iterator[tuple[ast.AST, str]]:
    """Yield each node that changes a container or a counter in a long-lived object.

    An attribute that is set to another value does not count: the value may be a client's token,
    which each process may have for itself.
    """
    label = living.get(function.owner) if function.owner else None
    if label is None or function.node.name in ("__init__", "__post_init__"):
        return
    for node in function.nodes:
        for target, whole in _changed(node):
            if whole and not isinstance(node, ast.AugAssign):
                continue
            while isinstance(target, ast.Subscript):
                target = target.value
            if isinstance(target, ast.Attribute) and getattr(target.value, "id", "") == "self":
                yield node, label


def _changed(node: ast.AST) -> Iterator[tuple[ast.AST, bool]]:
    """Yield each expression that a node changes, and whether the node sets the whole value."""
    targets: list[ast.AST] = []
    if isinstance(node, ast.Assign | ast.Delete):
        targets = list(node.targets)
    elif isinstance(node, ast.AugAssign):
        targets = [node.target]
    elif isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in _MUTATORS:
            yield node.func.value, False
        elif getattr(node.func, "id", "") == "next" and node.args:
            yield node.args[0], False
    for target in targets:
        if isinstance(target, ast.Subscript) and is_app(target.value):
            yield target, True
        elif isinstance(target, ast.Subscript):
            yield target.value, False
        elif isinstance(target, ast.Name | ast.Attribute):
            yield target, True


def _locals(function: AnyFunction) -> set[str]:
    """Return a function's arguments and local names, without the app and the request."""
    given = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    names = {each.arg for each in given}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names - _OF_APP


def _base(node: ast.AST) -> str:
    """Return the first name of an expression; "" if it begins with something else."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _aliases(function: ast.AST) -> dict[str, ast.AST]:
    """Return the local names that are another name for a value, with that expression."""
    return {
        node.targets[0].id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Name | ast.Attribute | ast.Subscript)
    }


def _resolved(node: ast.AST, aliases: Mapping[str, ast.AST], steps: int = 3) -> ast.AST:
    """Return an expression in which the value replaces a local name at the beginning."""
    if isinstance(node, ast.Name) and node.id in aliases and steps:
        return _resolved(aliases[node.id], aliases, steps - 1)
    if isinstance(node, ast.Attribute):
        inner = cast(ast.expr, _resolved(node.value, aliases, steps))
        return ast.Attribute(inner, node.attr, node.ctx)
    if isinstance(node, ast.Subscript):
        inner = cast(ast.expr, _resolved(node.value, aliases, steps))
        return ast.Subscript(inner, node.slice, node.ctx)
    return node


def _label(running: RunningCode, module: Module, node: ast.AST, whole: bool) -> str:
    """Return the probe's label of a changed value; "" if the value ends with the request."""
    # The outer container is the subject of a change in an inner one.
    while isinstance(node, ast.Subscript) and not is_app(node.value):
        node, whole = node.value, False
    if isinstance(node, ast.Subscript):
        label = app_key(running.code, module, node.slice)
        return label if label and (whole or label in running.containers) else ""
    if isinstance(node, ast.Call):  # setdefault, get
        func = node.func
        return _label(running, module, func.value, False) if isinstance(func, ast.Attribute) else ""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Subscript):
        # A handler sets an attribute of an object in the app. Its methods are read elsewhere.
        return _label(running, module, node.value, True) if whole else ""
    if isinstance(node, ast.Name | ast.Attribute):
        resolved = running.code.lookup(module, node)
        if resolved:
            owner, name = resolved
            value = owner.assigned.get(name)
            return f"{owner.name}.{name}" if value and (whole or is_container(owner, value)) else ""
        if isinstance(node, ast.Attribute):
            return _of_class(running.code, module, node)
    return ""


def _of_class(code: Code, module: Module, node: ast.Attribute) -> str:
    """Return the label of an attribute of a user's class, or of an object that a module holds."""
    resolved = code.lookup(module, node.value)
    if not resolved:
        return ""
    owner, name = resolved
    if name in owner.classes:
        return f"{owner.name}.{name}.{node.attr}"
    value = owner.assigned.get(name)
    kind = code.lookup(owner, value.func) if isinstance(value, ast.Call) else None
    return f"{owner.name}.{name}" if kind and kind[1] in kind[0].classes else ""


def _made_late(node: ast.AST, name: str, above: Mapping[ast.AST, ast.AST]) -> bool:
    """Return whether code only sets an unset global: `if CLIENT is None: CLIENT = ...`."""
    outer = above.get(node)
    while outer is not None:
        if isinstance(outer, ast.If):
            names = {each.id for each in ast.walk(outer.test) if isinstance(each, ast.Name)}
            if name in names and isinstance(node, ast.Assign):
                return True
        outer = above.get(outer)
    return False


def change_place(module: Module, owner: str, name: str) -> Place | None:
    """Return the line that changes an attribute of a class, or a global if the owner is ""."""
    for function in module.functions:
        if owner and (function.owner is None or function.owner.name != owner):
            continue
        if function.node.name in ("__init__", "__post_init__"):
            continue
        shared = {
            each
            for node in function.nodes
            if isinstance(node, ast.Global | ast.Nonlocal)
            for each in node.names
        }
        for node in function.nodes:
            for target, whole in _changed(node):
                made = whole and isinstance(target, ast.Name) and isinstance(node, ast.Assign)
                if made and getattr(target, "id", "") not in shared:
                    continue
                while isinstance(target, ast.Subscript):
                    target = target.value
                if getattr(target, "attr", getattr(target, "id", "")) == name:
                    return Place(module.file, getattr(node, "lineno", 1))
    return None


def _made_at_import(module: Module) -> Iterator[Fact]:
    for node in top_level(module.tree):
        if not isinstance(node, ast.Call):
            continue
        dotted = module.dotted(node.func)
        place = Place(module.file, node.lineno)
        if dotted in _AT_IMPORT:
            yield Fact("M305", place, f"{module.name} creates {_AT_IMPORT[dotted]}: {dotted}")
        elif rule := process_rule(dotted):
            yield Fact(rule, place, f"{module.name} calls {dotted}")


def _own_keys(module: Module, nodes: Iterable[ast.AST]) -> Iterator[Fact]:
    """Yield the keys that a process generates itself."""
    for node in nodes:
        if not isinstance(node, ast.Assign | ast.AnnAssign | ast.Call | ast.keyword):
            continue
        named = " ".join(_words(node)).lower()
        for call in _random_calls(module, node):
            dotted = module.dotted(call.func)
            if "Fernet" in dotted or any(word in named for word in _KEY_WORDS):
                place = Place(module.file, call.lineno)
                yield Fact("M304", place, f"{module.name} generates a key with {dotted}")


def _random_calls(module: Module, node: ast.AST) -> Iterator[ast.Call]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and module.dotted(inner.func) in _RANDOM:
            yield inner


def _words(node: ast.AST) -> Iterator[str]:
    """Yield the names that receive a value: of variables, arguments and called functions."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            yield ast.unparse(target)
    elif isinstance(node, ast.keyword):
        yield node.arg or ""
    elif isinstance(node, ast.Call):
        yield ast.unparse(node.func).partition("(")[0]
