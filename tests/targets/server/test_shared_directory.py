"""What the workers of a server share, and who removes it."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ferryman.core.errors import ConfigError
from ferryman.targets.server.runtime.shared_directory import scratch_directory, shared_directory

KILLED = """
import os, pathlib, sys, time
from ferryman.targets.server.runtime.shared_directory import shared_directory
with shared_directory(pathlib.Path(sys.argv[1])) as made:
    (made / "1.json").write_text("{}")
    if not os.fork():
        time.sleep(60)  # a worker that outlives its master
    print(made, flush=True)
    time.sleep(60)
"""


def test_it_is_for_its_user_alone_and_goes_with_the_server(tmp_path: Path) -> None:
    with shared_directory(tmp_path) as made:
        assert made.is_relative_to(tmp_path)
        assert made.stat().st_mode & 0o777 == 0o700
        (made / "1.json").write_text("{}")
        with shared_directory(tmp_path) as other:
            assert other != made
            assert made.exists()
        assert not other.exists()
    assert list(tmp_path.iterdir()) == []


def test_a_failure_takes_it_along(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), shared_directory(tmp_path):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_server_left_goes_once_its_last_process_has_ended(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as master:
        assert master.stdout is not None
        left = Path(master.stdout.readline().strip())
        children = Path(f"/proc/{master.pid}/task/{master.pid}/children").read_text().split()
        master.kill()
        master.wait()
        with shared_directory(tmp_path):
            assert left.exists()
        subprocess.run(["kill", "-KILL", *children], check=True)
        assert master.stdout.read() == ""  # until the last process has gone
    with shared_directory(tmp_path):
        assert not left.exists()


def test_where_nothing_can_be_written_the_error_says_what_to_mount(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nowhere() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr("ferryman.targets.server.runtime.shared_directory._MEMORY", "/proc/nowhere")
    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    with pytest.raises(ConfigError, match="mount a tmpfs"):
        scratch_directory()
