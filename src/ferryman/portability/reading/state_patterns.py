"""What requests change in memory, and what is made at import: M301 to M306 and M304's keys."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import cast

from ferryman.portability.finding import Fact, Place
from ferryman.portability.reading.app_keys import app_key, is_app, is_container, long_lived
from ferryman.portability.reading.running_code import RunningCode
from ferryman.portability.reading.syntax_trees import AnyFunction, Code, Function, Module, top_level
from ferryman.portability.reading.work_patterns import process_name

__all__ = ("change_place", "session_word", "state_facts")

_MUTATORS = {
    *("add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem"),
    *("popleft", "remove", "setdefault", "update", "subtract"),
}
"""Methods by which Python's own containers change."""

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
    """Return whether a name is that of sessions."""
    return "session" in text.lower()


def state_facts(running: RunningCode) -> Iterator[Fact]:
    """Yield what requests change in memory, and what is made at import."""
    living = long_lived(running.code, tuple(dict.fromkeys(running.handlers.values())))
    for function in running.handlers:
        own = _changes_of_object(function, living)
        for change in (*_changes(running, function), *own):
            code = "M303" if session_word(change.about) else change.code
            yield replace(
                running.fact(
                    code, function, change.node, f"{function.name} changes {change.about}"
                ),
                about=change.about,
            )
    for module in running.code.modules.values():
        yield from _made_at_import(module)
        yield from _own_keys(module, top_level(module.tree))
    for function in running.starters:
        yield from _own_keys(function.module, function.nodes)


@dataclass(frozen=True, slots=True)
class _Change:
    code: str
    node: ast.AST
    about: str


def _changes(running: RunningCode, function: Function) -> Iterator[_Change]:
    """Yield each change of what outlives the request, in the order of the lines."""
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
                    yield _Change("M302", node, f"{function.module.name}.{target.id}")
                continue
            root = _resolved(target, aliases)
            if _base(root) in local:
                continue
            about = _label(running, function.module, root, whole)
            if about:
                code = "M301" if about.startswith("app[") else "M302"
                yield _Change(code, node, about)


def _changes_of_object(function: Function, living: Mapping[ast.ClassDef, str]) -> Iterator[_Change]:
    """Yield each change of a container, or of a count, that a long-lived object has.

    Where an attribute is set to another value, that may as well be the token of a client, which
    each process gets for itself.
    """
    about = living.get(function.owner) if function.owner else None
    if about is None or function.node.name in ("__init__", "__post_init__"):
        return
    code = "M301" if about.startswith("app[") else "M302"
    for node in function.nodes:
        for target, whole in _changed(node):
            if whole and not isinstance(node, ast.AugAssign):
                continue
            while isinstance(target, ast.Subscript):
                target = target.value
            if isinstance(target, ast.Attribute) and getattr(target.value, "id", "") == "self":
                yield _Change(code, node, about)


def _changed(node: ast.AST) -> Iterator[tuple[ast.AST, bool]]:
    """Yield each expression that a node changes, and whether it is set rather than its inside."""
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
    """Return the names that a function has for itself, but the app and requests."""
    given = (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)
    names = {each.arg for each in given}
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names - _OF_APP


def _base(node: ast.AST) -> str:
    """Return the name that an expression begins with."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _aliases(function: ast.AST) -> dict[str, ast.AST]:
    """Return the local names that stand for parts of the app or of modules."""
    return {
        node.targets[0].id: node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Name | ast.Attribute | ast.Subscript)
    }


def _resolved(node: ast.AST, aliases: Mapping[str, ast.AST], steps: int = 3) -> ast.AST:
    """Return an expression with what the local name stands for that it begins with."""
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
    """Return what is changed, as the probe calls it; nothing where it ends with the request."""
    # A container in a container is told by the outer one.
    while isinstance(node, ast.Subscript) and not is_app(node.value):
        node, whole = node.value, False
    if isinstance(node, ast.Subscript):
        label = app_key(running.code, module, node.slice)
        return label if label and (whole or label in running.containers) else ""
    if isinstance(node, ast.Call):  # setdefault, get
        func = node.func
        return _label(running, module, func.value, False) if isinstance(func, ast.Attribute) else ""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Subscript):
        # Of an object that the app has, an attribute is set; its methods are read elsewhere.
        return _label(running, module, node.value, True) if whole else ""
    if isinstance(node, ast.Name | ast.Attribute):
        found = running.code.lookup(module, node)
        if found is None and isinstance(node, ast.Attribute):
            return _of_class(running.code, module, node)
        if found and (whole or is_container(found[0], found[0].assigned.get(found[1]))):
            known = found[1] in found[0].assigned
            return f"{found[0].name}.{found[1]}" if known else ""
    return ""


def _of_class(code: Code, module: Module, node: ast.Attribute) -> str:
    """Return the label of an attribute of one of the user's classes, or of a module's object."""
    found = code.lookup(module, node.value)
    if found and found[1] in found[0].classes:
        return f"{found[0].name}.{found[1]}.{node.attr}"
    made = found and found[0].assigned.get(found[1])
    kind = isinstance(made, ast.Call) and found and code.lookup(found[0], made.func)
    if found and kind and kind[1] in kind[0].classes:
        return f"{found[0].name}.{found[1]}"
    return ""


def _made_late(node: ast.AST, name: str, above: Mapping[ast.AST, ast.AST]) -> bool:
    """Return whether a global is only set if unset: `if CLIENT is None: CLIENT = ...`."""
    outer = above.get(node)
    while outer is not None:
        if isinstance(outer, ast.If):
            names = {each.id for each in ast.walk(outer.test) if isinstance(each, ast.Name)}
            if name in names and isinstance(node, ast.Assign):
                return True
        outer = above.get(outer)
    return False


def change_place(module: Module, owner: str, name: str) -> Place | None:
    """Return where a class changes an attribute of its own, or a module a name of its own."""
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
            yield Fact("M305", place, f"{module.name} makes {_AT_IMPORT[dotted]}: {dotted}")
        elif rule := process_name(dotted):
            yield Fact(rule, place, f"{module.name} calls {dotted}")


def _own_keys(module: Module, nodes: Iterable[ast.AST]) -> Iterator[Fact]:
    """Yield the keys that a process makes for itself."""
    for node in nodes:
        if not isinstance(node, ast.Assign | ast.AnnAssign | ast.Call | ast.keyword):
            continue
        named = " ".join(_words(node)).lower()
        for call in _random_calls(module, node):
            dotted = module.dotted(call.func)
            if "Fernet" in dotted or any(word in named for word in _KEY_WORDS):
                place = Place(module.file, call.lineno)
                yield Fact("M304", place, f"{module.name} makes a key of its own by {dotted}")


def _random_calls(module: Module, node: ast.AST) -> Iterator[ast.Call]:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and module.dotted(inner.func) in _RANDOM:
            yield inner


def _words(node: ast.AST) -> Iterator[str]:
    """Yield the names that a value is given to."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            yield ast.unparse(target)
    elif isinstance(node, ast.keyword):
        yield node.arg or ""
    elif isinstance(node, ast.Call):
        yield ast.unparse(node.func).partition("(")[0]
