"""Finds connection pools, poolers and migrations in the code: M601, M602 and M801."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from ferryman.portability.finding import Fact, Place
from ferryman.portability.reading.running_code import RunningCode, calls, keyword
from ferryman.portability.reading.syntax_trees import Code, Module

__all__ = ("database_facts",)

# Calls that create a pool, with the arguments whose sum is its size, and their defaults.
_POOLS: Mapping[str, tuple[tuple[str, int], ...]] = {
    "asyncpg.create_pool": (("max_size", 10),),
    "asyncpg.Pool": (("max_size", 10),),
    "psycopg_pool.AsyncConnectionPool": (("max_size", 4),),
    "psycopg_pool.ConnectionPool": (("max_size", 4),),
    "sqlalchemy.create_engine": (("pool_size", 5), ("max_overflow", 10)),
    "sqlalchemy.ext.asyncio.create_async_engine": (("pool_size", 5), ("max_overflow", 10)),
    "aiomysql.create_pool": (("maxsize", 10),),
    "aiopg.create_pool": (("maxsize", 10),),
    "aiopg.sa.create_engine": (("maxsize", 10),),
}
# Calls that prepare statements by default, and the argument that turns this off.
_PREPARES: Mapping[str, tuple[str, object]] = {
    "asyncpg.create_pool": ("statement_cache_size", 0),
    "asyncpg.connect": ("statement_cache_size", 0),
    "psycopg.AsyncConnection.connect": ("prepare_threshold", None),
    "psycopg.connect": ("prepare_threshold", None),
    "psycopg_pool.AsyncConnectionPool": ("prepare_threshold", None),
    "psycopg_pool.ConnectionPool": ("prepare_threshold", None),
    "sqlalchemy.ext.asyncio.create_async_engine": ("statement_cache_size", 0),
}
_POOLER = re.compile(r"postgres(?:ql)?(?:\+\w+)?://\S*:(6543|6432)\b")
_POOLER_PORTS = {6543, 6432}
_SCHEMA = re.compile(r"\s*(CREATE|ALTER|DROP)\s+(TABLE|INDEX|TYPE|SCHEMA|EXTENSION)\b", re.I)
_MIGRATES = {
    "alembic.command.upgrade",
    "yoyo.get_backend",
    "aerich.Command",
    "peewee_migrate.Router",
}
_MIGRATING_METHODS = {"create_all", "generate_schemas", "create_tables", "apply_migrations"}


def database_facts(running: RunningCode, addresses: Mapping[str, str]) -> Iterator[Fact]:
    """Yield the pools, the statements prepared through a pooler, and the migrations at start.

    Args:
        running: The code.
        addresses: Environment variables, which may contain a database's address.
    """
    modules = running.code.modules.values()
    pooler = any(_POOLER.search(value) for value in addresses.values()) or any(
        _names_pooler(running.code, module) for module in modules
    )
    for module in modules:
        for node in module.loaded:
            if isinstance(node, ast.Call):
                yield from _of_call(running.code, module, node, pooler)
    yield from _migrations(running)


def _of_call(code: Code, module: Module, call: ast.Call, pooler: bool) -> Iterator[Fact]:
    dotted = module.dotted(call.func)
    place = Place(module.file, call.lineno)
    if dotted in _POOLS:
        sizes = [_number(code, module, call, *each) for each in _POOLS[dotted]]
        if None not in sizes:
            size = sum(filter(None, sizes))
            yield Fact("M601", place, f"a pool of up to {size} connections", float(size))
    if dotted in _PREPARES and pooler and not _unprepared(code, module, call, dotted):
        what = f"{dotted} prepares statements, and the database's port belongs to a pooler"
        yield Fact("M602", place, what)


def _number(code: Code, module: Module, call: ast.Call, name: str, default: int) -> int | None:
    """Return the value of an argument; None if it is not a constant."""
    given = keyword(call, name)
    if given is None:
        return None if any(each.arg is None for each in call.keywords) else default
    value = code.constant(module, given)
    return value if isinstance(value, int) else None


def _unprepared(code: Code, module: Module, call: ast.Call, dotted: str) -> bool:
    """Return whether an argument, or a dictionary among the arguments, turns preparing off."""
    name, wanted = _PREPARES[dotted]
    for node in ast.walk(call):
        value: ast.expr | None = None
        if isinstance(node, ast.keyword) and node.arg == name:
            value = node.value
        elif isinstance(node, ast.Dict):
            keys = [each.value if isinstance(each, ast.Constant) else None for each in node.keys]
            value = node.values[keys.index(name)] if name in keys else None
        if value is not None and code.constant(module, value) == wanted:
            return True
    return any(each.arg is None for each in call.keywords)  # **options may turn it off


def _names_pooler(code: Code, module: Module) -> bool:
    for node in module.loaded:
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and _POOLER.search(text):
            return True
        given = node.value if isinstance(node, ast.keyword) and node.arg == "port" else None
        if given and code.constant(module, given) in _POOLER_PORTS:
            return True
    return False


def _migrations(running: RunningCode) -> Iterator[Fact]:
    """Yield the first migration of each function at start."""
    for function in running.starters:
        first = next((c for c, dotted in calls(function) if _migrates(c, dotted)), None)
        if first:
            what = f"{function.name} changes the schema of the database"
            yield running.fact("M801", function, first, what)


def _migrates(call: ast.Call, dotted: str) -> bool:
    texts = [str(each.value) for each in call.args if isinstance(each, ast.Constant)]
    names = {each.attr for each in ast.walk(call) if isinstance(each, ast.Attribute)}
    return (
        dotted in _MIGRATES
        or not names.isdisjoint(_MIGRATING_METHODS)
        or any(_SCHEMA.match(text) or "alembic" in text for text in texts)
    )
