"""A log that nobody reads, or that nobody can, holds nothing up."""

from __future__ import annotations

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from scripts.ports import free_port
from tests.targets.server.running import APP

from ferryman.core.settings import RuntimeSettings
from ferryman.targets.server.runtime.log_output import LogOutput

REQUESTS = 1500


@contextmanager
def server(root: Path, output: int) -> Iterator[tuple[subprocess.Popen[bytes], int, Path]]:
    """A server whose log goes to a file descriptor, and its port and what it says on stderr."""
    port = free_port()
    (root / "served.py").write_text(APP)
    options = {"bind": f"127.0.0.1:{port}", "log_format": "json"}
    settings = root / "settings.json"
    settings.write_text(RuntimeSettings("served:app", "s", "1", "server", options).to_json())
    variables = os.environ | {"FERRYMAN_SETTINGS": str(settings), "PYTHONPATH": str(root)}
    with (root / "errors").open("wb") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "ferryman.targets.server.runtime"],
            stdout=output,
            stderr=errors,
            env=variables,
        )
    try:
        yield process, port, root / "errors"
    finally:
        process.kill()
        process.wait()


def ask(port: int, count: int) -> None:
    deadline = time.monotonic() + 60
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            for _ in range(count):
                connection.request("GET", f"/echo?n={'x' * 60}")
                assert connection.getresponse().read()
        except ConnectionRefusedError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return
        finally:
            connection.close()


def test_a_pipe_that_nobody_reads_stops_neither_requests_nor_the_end(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with server(tmp_path, writing) as (process, port, errors):
        os.close(writing)
        ask(port, REQUESTS)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert time.monotonic() - began < 10
        with os.fdopen(reading, "rb") as pipe:
            lines = pipe.read().splitlines()
        # A pipe holds 64 KiB.
        assert 100 < len(lines) < REQUESTS
        assert errors.read_bytes().count(b"Traceback") == 0


def test_what_waited_is_written_once_somebody_reads(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with server(tmp_path, writing) as (process, port, _):
        os.close(writing)
        ask(port, REQUESTS)
        found = b""
        with os.fdopen(reading, "rb") as pipe:
            while found.count(b"ferryman.access") < REQUESTS:
                piece = os.read(pipe.fileno(), 65536)
                assert piece
                found += piece
            assert b"records are missing" not in found
            process.send_signal(signal.SIGTERM)
            assert process.wait(15) == 0


def test_a_pipe_that_is_closed_floods_nothing(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    with server(tmp_path, writing) as (process, port, errors):
        os.close(writing)
        ask(port, 1)
        os.close(reading)
        ask(port, REQUESTS)
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert errors.read_bytes() == b""


def test_records_beyond_the_limit_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        output = LogOutput(stream)
        for _ in range(3000):
            output.write("y" * 999 + "\n")
            output.flush()
        output.keep_up()
        assert caplog.records == []
        found = b""
        os.set_blocking(reading, False)
        while not caplog.records:
            with suppress(BlockingIOError):
                while True:
                    found += os.read(reading, 1 << 20)
            output.keep_up()
        assert os.get_blocking(writing)
        with suppress(BlockingIOError):
            while True:
                found += os.read(reading, 1 << 20)
    kept = found.count(b"\n")
    assert found == (b"y" * 999 + b"\n") * kept
    assert caplog.messages == [f"{3000 - kept} records are missing here: the log was not read"]
    os.close(reading)
