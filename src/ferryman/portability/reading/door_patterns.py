"""Finds what handlers ask of a front door: M101, M102, M105, M701 and M702."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator, Mapping

from ferryman.portability.finding import Fact
from ferryman.portability.reading.running_code import RunningCode, calls, keyword
from ferryman.portability.reading.syntax_trees import Function

__all__ = ("door_facts",)

_WEBSOCKETS = {"aiohttp.web.WebSocketResponse", "aiohttp.web_ws.WebSocketResponse"}
_STREAMS = {
    "aiohttp.web.StreamResponse",
    "aiohttp.web_response.StreamResponse",
    "aiohttp_sse.sse_response",
    "aiohttp_sse.EventSourceResponse",
    "aiohttp.MultipartWriter",
}
# Calls that wait, with the position and the name of the argument that holds the seconds.
_WAITS = {
    "asyncio.sleep": (0, "delay"),
    "asyncio.timeout": (0, "delay"),
    "asyncio.wait_for": (1, "timeout"),
    "asyncio.wait": (1, "timeout"),
    "async_timeout.timeout": (0, "timeout"),
    "aiohttp.ClientTimeout": (0, "total"),
    "time.sleep": (0, "seconds"),
}
_OF_CLIENT = {
    "remote": "the client's address",
    "scheme": "the scheme",
    "secure": "the scheme",
    "host": "the host",
    "url": "the whole address",
}
_OF_PATH = {
    *("path", "path_qs", "query", "query_string", "name", "parts", "suffix", "relative"),
    *("raw_path", "raw_path_qs", "raw_query_string", "raw_name", "raw_parts", "fragment"),
}
_HEADERS = {
    "forwarded",
    "host",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
}
_REQUESTS = {"request", "req", "_request"}
_THIS_MACHINE = re.compile(r"https?://(localhost|127\.0\.0\.1|0\.0\.0\.0|\[::1\])(?![\w.-])")


def door_facts(running: RunningCode) -> Iterator[Fact]:
    """Yield the facts that depend on a target's front door."""
    for function in running.handlers:
        yield from _of_calls(running, function)
        yield from _of_client(running, function)
        yield from _links(running, function)


def _of_calls(running: RunningCode, function: Function) -> Iterator[Fact]:
    for call, dotted in calls(function):
        if dotted in _WEBSOCKETS:
            yield running.fact("M101", function, call, f"{function.name} opens a WebSocket")
        elif dotted in _STREAMS:
            amount = math.inf if _endless(function.node) else None
            what = f"{function.name} streams its response" + (", without end" if amount else "")
            yield running.fact("M102", function, call, what, amount)
        elif dotted in _WAITS:
            index, name = _WAITS[dotted]
            given = call.args[index] if len(call.args) > index else keyword(call, name)
            seconds = running.code.constant(function.module, given)
            if isinstance(seconds, int | float) and not isinstance(seconds, bool):
                what = f"{function.name} may wait for {seconds:g} s"
                yield running.fact("M105", function, call, what, float(seconds))


def _endless(node: ast.AST) -> bool:
    """Return whether a function has a `while True` without `break` or `return`."""
    return any(
        isinstance(loop, ast.While)
        and isinstance(loop.test, ast.Constant)
        and bool(loop.test.value)
        and not any(isinstance(each, ast.Break | ast.Return) for each in ast.walk(loop))
        for loop in ast.walk(node)
    )


def _of_client(running: RunningCode, function: Function) -> Iterator[Fact]:
    above = function.parents
    requests = _REQUESTS | {
        argument.arg
        for argument in (*function.node.args.posonlyargs, *function.node.args.args)
        if argument.annotation
        and function.module.dotted(argument.annotation).endswith(("web.Request", "BaseRequest"))
    }
    for node in function.nodes:
        if isinstance(node, ast.Attribute) and node.attr in _OF_CLIENT:
            outer = above.get(node)
            part = outer.attr if isinstance(outer, ast.Attribute) else ""
            if _is_request(node.value, requests) and not (node.attr == "url" and part in _OF_PATH):
                what = f"{function.name} uses request.{node.attr}, {_OF_CLIENT[node.attr]}"
                yield running.fact("M701", function, node, what)
        elif isinstance(node, ast.Call) and _reads_peer(node):
            what = f"{function.name} reads the client's address from the connection"
            yield running.fact("M701", function, node, what)
        elif str(getattr(node, "value", "")).lower() in _HEADERS and _names_header(node, above):
            what = f"{function.name} reads the header {ast.unparse(node)}"
            yield running.fact("M701", function, node, what)


def _reads_peer(call: ast.Call) -> bool:
    """Return whether a call is `get_extra_info("peername")`."""
    if getattr(call.func, "attr", "") != "get_extra_info" or not call.args:
        return False
    return getattr(call.args[0], "value", "") == "peername"


def _is_request(node: ast.AST, names: set[str]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in names
    return (
        isinstance(node, ast.Attribute)
        and node.attr == "request"
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    )


def _names_header(node: ast.AST, above: Mapping[ast.AST, ast.AST]) -> bool:
    """Return whether a text is a key of request.headers, or an argument of its `get`."""
    outer = above.get(node)
    holder: ast.AST | None = None
    if isinstance(outer, ast.Subscript):
        holder = outer.value
    elif isinstance(outer, ast.Call) and isinstance(outer.func, ast.Attribute):
        holder = outer.func.value
    return isinstance(holder, ast.Attribute) and holder.attr == "headers"


def _links(running: RunningCode, function: Function) -> Iterator[Fact]:
    above = function.parents
    for node in function.nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            link = _THIS_MACHINE.search(node.value)
            if link and not isinstance(above.get(node), ast.Expr):
                what = f"{function.name} contains the link {link[0]}"
                yield running.fact("M702", function, node, what)
