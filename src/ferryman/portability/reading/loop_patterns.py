"""Calls that make the event loop wait, as the code says: M501 and M502."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ferryman.portability.finding import Fact
from ferryman.portability.reading.running_code import RunningCode, calls

__all__ = ("loop_facts",)

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
    """Yield what coroutines call that waits for others, though it is not a coroutine itself."""
    for function in running.functions:
        if not isinstance(function.node, ast.AsyncFunctionDef):
            continue  # it may run in a thread
        for call, dotted in calls(function):
            if dotted in _LOOKUPS:
                yield running.fact("M501", function, call, f"{function.name} calls {dotted}")
            elif dotted in _CONNECTS:
                yield running.fact("M502", function, call, f"{function.name} calls {dotted}")
