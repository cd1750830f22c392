"""Finds work that outlives a response, blocking calls, and other processes in the code.

These are M202 to M205, M306, M501, M502 and M511 to M513.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator

from ferryman.portability.finding import Fact, Place
from ferryman.portability.reading.running_code import RunningCode, calls
from ferryman.portability.reading.syntax_trees import Function, Module, top_level

__all__ = ("loop_facts", "process_rule", "signal_facts", "work_facts")

_SPAWNS = {"asyncio.create_task", "asyncio.ensure_future"}
_LOOPS = {"get_event_loop", "get_running_loop", "loop", "_loop", "event_loop"}
_GATHERS = {"asyncio.gather", "asyncio.wait", "asyncio.wait_for", "asyncio.as_completed"}
_THREADS = {"threading.Thread", "threading.Timer", "_thread.start_new_thread"}
_SCHEDULERS = {
    "apscheduler": "APScheduler",
    "aiocron": "aiocron",
    "aioschedule": "aioschedule",
    "aiojobs": "aiojobs",
    "rocketry": "Rocketry",
    "schedule": "schedule",
    "celery.schedules": "celery beat",
    "celery.beat": "celery beat",
    "django_celery_beat": "celery beat",
    "pycron": "pycron",
    "croniter": "croniter",
}
_POOLS = {
    "concurrent.futures.ProcessPoolExecutor",
    "concurrent.futures.process.ProcessPoolExecutor",
    *(f"multiprocessing.{name}" for name in ("Pool", "Queue", "Lock", "Manager", "JoinableQueue")),
    *(f"multiprocessing.{name}" for name in ("Event", "Semaphore", "Value", "Array", "RLock")),
    "multiprocessing.pool.Pool",
}
_PROGRAMS = {
    *(f"subprocess.{name}" for name in ("run", "Popen", "call", "check_call", "check_output")),
    *("subprocess.getoutput", "subprocess.getstatusoutput", "os.system", "os.popen"),
    *("asyncio.create_subprocess_exec", "asyncio.create_subprocess_shell", "os.posix_spawn"),
}
_FORKS = {"os.fork", "os.forkpty", "pty.fork", "multiprocessing.Process"}


def work_facts(running: RunningCode) -> Iterator[Fact]:
    """Yield the work that outlives a response or starts with the app, and other processes."""
    for function in running.handlers:
        yield from _left_behind(running, function)
    for function in running.starters:
        for call, _ in calls(function):
            if _of_loop(call, "run_in_executor") and not _is_awaited(call, function):
                what = f"{function.name} starts work in a thread and does not await it"
                yield running.fact("M202", function, call, what)
    for function in running.functions:
        yield from _processes(running, function)
    for module in running.code.modules.values():
        yield from _of_module(module)


def _left_behind(running: RunningCode, function: Function) -> Iterator[Fact]:
    for call, dotted in calls(function):
        if dotted in _THREADS and not _joins(function.node):
            what = f"{function.name} starts a thread"
            yield running.fact("M204", function, call, what, math.inf)
        elif dotted in _SPAWNS or _of_loop(call, "create_task"):
            if not _is_awaited(call, function):
                what = f"{function.name} starts a task and does not await it"
                yield running.fact("M203", function, call, what)
        elif _uses_executor(call, function) and not _is_awaited(call, function):
            what = f"{function.name} starts work in a thread and does not await it"
            yield running.fact("M204", function, call, what, math.inf)


def _uses_executor(call: ast.Call, function: Function) -> bool:
    """Return whether a call passes work to an executor."""
    submits = isinstance(call.func, ast.Attribute) and call.func.attr == "submit"
    ignored = isinstance(function.parents.get(call), ast.Expr)
    return _of_loop(call, "run_in_executor") or (submits and ignored)


def _of_loop(call: ast.Call, method: str) -> bool:
    """Return whether a call calls a method of the event loop."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != method:
        return False
    receiver = call.func.value
    if isinstance(receiver, ast.Call):
        receiver = receiver.func
    name = receiver.attr if isinstance(receiver, ast.Attribute) else getattr(receiver, "id", "")
    return name in _LOOPS


def _is_awaited(call: ast.Call, function: Function) -> bool:
    """Return whether a function awaits, gathers, cancels or returns a call's result."""
    node: ast.AST = call
    while node is not function.node:
        outer = function.parents[node]
        if isinstance(outer, ast.Await | ast.Return):
            return True
        if isinstance(outer, ast.Call) and function.module.dotted(outer.func) in _GATHERS:
            return True
        if isinstance(outer, ast.Assign | ast.AnnAssign | ast.NamedExpr):
            targets = outer.targets if isinstance(outer, ast.Assign) else [outer.target]
            names = {each.id for each in targets if isinstance(each, ast.Name)}
            return _awaits(function.node, names)
        if isinstance(outer, ast.stmt):
            break
        node = outer
    return False


def _awaits(function: ast.AST, names: set[str]) -> bool:
    """Return whether a function awaits, returns or cancels a value with one of some names."""
    for node in ast.walk(function):
        if isinstance(node, ast.Await | ast.Return | ast.AsyncFor):
            if names & {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}:
                return True
        elif isinstance(node, ast.Attribute) and node.attr == "cancel":
            return isinstance(node.value, ast.Name) and node.value.id in names
    return False


def _joins(function: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Attribute) and node.attr == "join" and isinstance(node.value, ast.Name)
        for node in ast.walk(function)
    )


def process_rule(dotted: str) -> str:
    """Return the code of the rule for a call that starts or shares processes; else ""."""
    if dotted in _POOLS:
        return "M306"
    if dotted in _PROGRAMS:
        return "M512"
    return "M511" if dotted in _FORKS else ""


def _processes(running: RunningCode, function: Function) -> Iterator[Fact]:
    for call, dotted in calls(function):
        code = process_rule(dotted)
        if code:
            yield running.fact(code, function, call, f"{function.name} calls {dotted}")


def _of_module(module: Module) -> Iterator[Fact]:
    """Yield a fact for each scheduler that a module imports."""
    for node in module.loaded:
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        elif isinstance(node, ast.Attribute) and node.attr == "beat_schedule":
            names = ["celery.beat"]
        for name in names:
            parts = name.split(".")
            known = (_SCHEDULERS.get(".".join(parts[: n + 1])) for n in range(len(parts)))
            scheduler = next(filter(None, known), None)
            if scheduler:
                place = Place(module.file, getattr(node, "lineno", 1))
                what = f"{module.name} uses {scheduler}"
                yield Fact("M205", place, what, about=f"{module.name}:{scheduler}")


def signal_facts(running: RunningCode) -> Iterator[Fact]:
    """Yield the lines that set a signal handler."""
    at_import = ((each, top_level(each.tree)) for each in running.code.modules.values())
    reached = ((each.module, each.nodes) for each in running.functions)
    for module, nodes in (*at_import, *reached):
        for node in nodes:
            if isinstance(node, ast.Call):
                named = module.dotted(node.func) == "signal.signal"
                if named or getattr(node.func, "attr", "") == "add_signal_handler":
                    place = Place(module.file, node.lineno)
                    yield Fact("M513", place, "the app sets a signal handler")


_LOOKUPS = {
    f"socket.{name}" for name in ("gethostbyname", "gethostbyaddr", "getaddrinfo", "getfqdn")
}
_REQUESTS = {
    f"requests.{name}" for name in ("get", "post", "put", "patch", "delete", "head", "request")
}
_CONNECTS = _REQUESTS | {
    *("urllib.request.urlopen", "socket.create_connection", "smtplib.SMTP", "smtplib.SMTP_SSL"),
    *("ftplib.FTP", "psycopg2.connect", "psycopg.connect", "pymysql.connect", "MySQLdb.connect"),
}


def loop_facts(running: RunningCode) -> Iterator[Fact]:
    """Yield the blocking calls in coroutines."""
    for function in running.functions:
        if not isinstance(function.node, ast.AsyncFunctionDef):
            continue  # it may run in a thread
        for call, dotted in calls(function):
            if dotted in _LOOKUPS:
                yield running.fact("M501", function, call, f"{function.name} calls {dotted}")
            elif dotted in _CONNECTS:
                yield running.fact("M502", function, call, f"{function.name} calls {dotted}")
