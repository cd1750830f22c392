"""Runs the probe on a project's app, in a separate process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from ferryman.building.app_files import import_root
from ferryman.core.errors import AppError, FerrymanError
from ferryman.project.project import Project

__all__ = ("run_probe",)

_LIMIT = 60.0
"""Seconds for the app's start, the requests and the shutdown."""


def run_probe(
    project: Project, requests: Path | None, seconds: float, cookies: Mapping[str, str]
) -> dict[str, Any]:
    """Run a project's app, and return the record of the probe.

    Args:
        project: The project.
        requests: A table of requests or a HAR file.
        seconds: How long to send requests.
        cookies: Cookies from another run of the app: the probe then only records the statuses of
            requests with them.

    Raises:
        AppError: The app could not be loaded or started, or did not stop.
    """
    how = {
        "app": str(project.app),
        "root": str(project.root),
        "imported_from": str(import_root(project)),
        "requests": str(requests) if requests else None,
        "seconds": seconds,
        "cookies": dict(cookies),
    }
    with tempfile.TemporaryDirectory(prefix="ferryman-") as scratch:
        record, log = Path(scratch, "record.json"), Path(scratch, "log.txt")
        module = "ferryman.portability.probe"
        command = [sys.executable, "-m", module, str(record), json.dumps(how)]
        status = _run(command, project.root, log)
        try:
            found: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
            last = lines[-1] if lines else f"status {status}"
            raise AppError("the app ended the process that ran it", cause=last) from None
    if found["failure"]:
        import_module("ferryman.core.lifecycle")  # defines the classes that from_dict looks for
        raise FerrymanError.from_dict(found["failure"])
    return found


def _run(command: Sequence[str], directory: Path, log: Path) -> int:
    """Run the probe, kill processes that the app left behind, and return the probe's status.

    The app's output goes to a file, because a process that the app leaves would hold a pipe open.
    """
    with log.open("wb") as output:
        probe = subprocess.Popen(
            command,
            cwd=directory,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=output,
            start_new_session=True,
        )
    try:
        return probe.wait(_LIMIT)
    except subprocess.TimeoutExpired:
        raise AppError(
            f"the app took longer than {_LIMIT:.0f} seconds to start, answer and stop",
            hint="check the app's on_startup handlers and cleanup_ctx generators",
        ) from None
    finally:
        with suppress(ProcessLookupError):
            os.killpg(probe.pid, signal.SIGKILL)
        probe.wait()
