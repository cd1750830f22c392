from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

COMMAND = (sys.executable, "-m", "ferryman", "cost", "serve", "--port")


@pytest.fixture
def heard() -> None:
    """Let the child hear Ctrl-C even where the tests run as a background job."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.mark.usefixtures("heard")
def test_it_says_where_it_is_answers_there_and_ends_with_ctrl_c() -> None:
    with subprocess.Popen([*COMMAND, "0"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        told = re.search(r"http://127\.0\.0\.1:\d+/", process.stderr.readline())
        assert told
        with urllib.request.urlopen(told[0], timeout=30) as answer:
            assert b'type="file"' in answer.read()
        process.send_signal(signal.SIGINT)
        _, rest = process.communicate(timeout=30)
        assert "Traceback" not in rest
        assert process.returncode == 0


def test_a_port_that_is_taken_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run([*COMMAND, str(port)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert f"port {port} of 127.0.0.1 cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
