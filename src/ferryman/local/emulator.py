"""Runs a bundle on this machine under AWS's own Runtime Interface Emulator.

It unpacks the zip as Lambda does. The interpreter sees only the unpacked zip and the standard
library, not the environment that ferryman is installed in.
"""

from __future__ import annotations

import _imp
import asyncio
import calendar
import importlib.util
import json
import marshal
import os
import platform
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TextIO

import aiohttp

from ferryman.core.errors import BuildError, ConfigError
from ferryman.targets.lambda_.bundle import BOOTSTRAP, HANDLER
from ferryman.targets.lambda_.options import LambdaOptions

__all__ = (
    "emulated",
    "find_emulator",
    "host_architecture",
    "host_python",
    "isolate_python",
    "unpack",
)

_INVOKE = "/2015-03-31/functions/function/invocations"
_START_TIMEOUT = 20.0
_STOP_TIMEOUT = 5.0

# -I and -S leave only the standard library on the path. The bootstrap puts the unpacked zip before
# it, as on Lambda. -B writes no bytecode, because Lambda's /var/task is read-only.
_ISOLATED = """\
#!/bin/sh
exec {python} -I -S -B "$@"
"""

# Starts a function whose settings only name its handler.
_AWS_START = """
import runpy, sys
sys.path.insert(0, sys.argv[1])
sys.argv[:] = ["awslambdaric", sys.argv[2]]
runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
"""


def host_python() -> str:
    """Return this interpreter's version, as major.minor."""
    return f"{sys.version_info.major}.{sys.version_info.minor}"


def host_architecture() -> str:
    """Return Lambda's name for this machine's architecture.

    Raises:
        ConfigError: Lambda does not support this machine's architecture.
    """
    machine = platform.machine()
    known = {"x86_64": "x86_64", "aarch64": "arm64", "arm64": "arm64"}
    if machine not in known or sys.platform != "linux":
        raise ConfigError(
            f"the emulator does not run on {sys.platform} {machine}",
            hint="run it on Linux, on x86_64 or arm64",
        )
    return known[machine]


def find_emulator(options: LambdaOptions) -> Path:
    """Return the path of AWS's Runtime Interface Emulator.

    Raises:
        ConfigError: The emulator is not installed.
    """
    if options.emulator is not None:
        if options.emulator.is_file():
            return options.emulator.absolute()
        raise ConfigError(
            f"lambda.emulator: there is no file {options.emulator}",
            hint="set it to the path of AWS's Runtime Interface Emulator, or remove the setting",
        )
    architecture = host_architecture()
    if samcli := importlib.util.find_spec("samcli"):
        for folder in samcli.submodule_search_locations or ():
            path = Path(folder, "local", "rapid", f"aws-lambda-rie-{architecture}")
            if path.is_file():
                return path
    if found := shutil.which("aws-lambda-rie"):
        return Path(found)
    raise ConfigError(
        "AWS's Runtime Interface Emulator is not installed",
        hint="install the package aws-sam-cli, which contains it, "
        "or set emulator in [tool.ferryman.lambda] to the path of aws-lambda-rie",
    )


_START = "ferryman/targets/lambda_/runtime/start.pyc"


def unpack(bundle: Path, into: Path) -> None:
    """Unpack a zip with its files' modes and times, as Lambda does.

    aiohttp computes the ETag of a static file from its time.
    """
    with zipfile.ZipFile(bundle) as archive:
        for entry in archive.infolist():
            path = Path(archive.extract(entry, into))
            if not entry.is_dir():
                path.chmod(entry.external_attr >> 16 & 0o777)
                modified = calendar.timegm(entry.date_time)  # a zip has no time zone: UTC here
                os.utime(path, (modified, modified))
    _relocate(into / _START)


def _relocate(start: Path) -> None:
    """Give the bytecode that starts the runtime its file name here, as an import would.

    Packages look for files beside the first file of the process.
    """
    content = start.read_bytes() if start.is_file() else b""
    if content.startswith(importlib.util.MAGIC_NUMBER):
        code = marshal.loads(content[16:])  # noqa: S302 - from our own build
        _imp._fix_co_filename(code, str(start))  # type: ignore[attr-defined]
        start.write_bytes(content[:16] + marshal.dumps(code))


def isolate_python(directory: Path) -> Path:
    """Write a script that runs Python with only the standard library, and return its path."""
    script = directory / "python"
    script.write_text(_ISOLATED.format(python=shlex.quote(sys.executable)), encoding="utf-8")
    script.chmod(0o755)
    return script


@asynccontextmanager
async def emulated(
    task: Path,
    options: LambdaOptions,
    *,
    output: TextIO = sys.stderr,
    own_start: bool = True,
) -> AsyncIterator[Emulator]:
    """Run an unpacked bundle under the emulator for the length of the block.

    Args:
        task: The directory of the unpacked bundle: `/var/task` on Lambda.
        options: The function's memory and timeout, and the emulator's path.
        output: The file for the logs of the emulator and the function.
        own_start: Whether the bundle's bootstrap starts the function; else AWS's runtime client
            does, as for a function whose settings only name the handler.

    Raises:
        ConfigError: The emulator is not installed.
        BuildError: The emulator did not start.
    """
    emulator_path = find_emulator(options)
    port, runtime_port = _free_ports()
    scratch = tempfile.TemporaryDirectory(prefix="ferryman-")
    python = str(isolate_python(Path(scratch.name)))
    start = [str(task / BOOTSTRAP), python] if own_start else [python, "-c", _AWS_START, str(task)]
    command = [
        str(emulator_path),
        *("--runtime-interface-emulator-address", f"127.0.0.1:{port}"),
        *("--runtime-api-address", f"127.0.0.1:{runtime_port}"),
        *("--log-level", "error"),  # the emulator's own lines would bury the app's
        *(*start, HANDLER),
    ]
    process = subprocess.Popen(
        command,
        cwd=task,
        env=_environment(options),
        stdout=output,
        stderr=output,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        await _wait_until_listening(process, port)
        async with aiohttp.ClientSession() as session:
            yield Emulator(session, f"http://127.0.0.1:{port}{_INVOKE}")
    finally:
        _stop(process)
        scratch.cleanup()


class Emulator:
    """A function under the emulator, with one environment and one invocation at a time.

    Args:
        session: The HTTP client.
        url: The emulator's URL for invocations.
    """

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._free = asyncio.Lock()

    async def invoke(self, event: dict[str, Any]) -> object:
        """Return the result of an invocation, or the error object if it failed."""
        body = json.dumps(event)
        async with self._free, self._session.post(self._url, data=body) as answer:
            text = await answer.text()
        try:
            return json.loads(text)
        except ValueError:
            return {"errorMessage": text.strip()}


def _environment(options: LambdaOptions) -> dict[str, str]:
    """Return the environment variables of the function, with the app's own settings."""
    passed = {k: v for k, v in os.environ.items() if not k.startswith(("FERRYMAN_", "PYTHON"))}
    return passed | {
        "AWS_LAMBDA_FUNCTION_NAME": "function",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(options.memory),
        "AWS_LAMBDA_FUNCTION_TIMEOUT": str(options.timeout),
        "AWS_EXECUTION_ENV": f"AWS_Lambda_python{host_python()}",
    }


def _free_ports() -> tuple[int, int]:
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.1", 0))
        return first.getsockname()[1], second.getsockname()[1]


async def _wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + _START_TIMEOUT
    while loop.time() < deadline:
        if process.poll() is not None:
            raise BuildError(f"the emulator ended with status {process.returncode}")
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
    raise BuildError(f"the emulator did not listen within {_START_TIMEOUT:.0f} seconds")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End the emulator and its runtime, which are one process group, and wait for them."""
    for ending in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, ending)
        except ProcessLookupError:
            break
        try:
            process.wait(_STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            continue
    process.wait()
