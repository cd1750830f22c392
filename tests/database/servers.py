"""A real PostgreSQL, and Debian's PgBouncer in front of it in transaction mode."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.ports import free_port

# Debian keeps PostgreSQL's own programs out of the path.
_PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1:]
_USER = "postgres" if os.geteuid() == 0 else None
"""Neither of them runs as root."""

PLANTED = "planted-database-password"


@contextmanager
def postgresql() -> Iterator[tuple[int, int]]:
    """Run both, and yield the ports of PostgreSQL and of PgBouncer."""
    with tempfile.TemporaryDirectory(prefix="pg-") as folder:
        place = Path(folder)
        if _USER:
            shutil.chown(place, _USER)
        port, pooled = free_port(), free_port()
        initdb = _PROGRAMS[0] / "initdb"
        options = ("--no-sync", "--auth=trust", "--username=app")
        _run(initdb, "-D", place / "data", *options)
        server = (_PROGRAMS[0] / "postgres", "-D", place / "data", "-p", port, "-k", place)
        settings = ("-c", "listen_addresses=127.0.0.1", "-c", "fsync=off")
        with _running(port, *server, *settings, log=place / "postgres.log"):
            (place / "pgbouncer.ini").write_text(
                f"""[databases]
* = host=127.0.0.1 port={port} user=app
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {pooled}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 5
ignore_startup_parameters = extra_float_digits
"""
            )
            bouncer = ("pgbouncer", place / "pgbouncer.ini")
            with _running(pooled, *bouncer, log=place / "pgbouncer.log"):
                yield port, pooled


def _run(*command: object) -> None:
    subprocess.run(list(map(str, command)), check=True, capture_output=True, user=_USER, cwd="/")


@contextmanager
def _running(port: int, *command: object, log: Path) -> Iterator[None]:
    with log.open("w") as output:
        process = subprocess.Popen(
            list(map(str, command)), stdout=output, stderr=output, user=_USER, cwd="/"
        )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGINT)  # PostgreSQL would wait for its clients otherwise
        process.wait(20)
