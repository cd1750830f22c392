"""`ferryman serve -t lambda`: the bundle under AWS's own emulator, as a user runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ferryman.core.errors import ConfigError
from ferryman.local.emulator import find_emulator, unpack
from ferryman.targets.lambda_.options import LambdaOptions


class Served:
    """A `ferryman serve -t lambda` that runs."""

    def __init__(self, root: Path, port: int, emulator: Path, scratch: Path) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.log = scratch / "serve.log"
        # Whatever it leaves behind would be found here.
        self.temporary = scratch / "tmp"
        self.temporary.mkdir()
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "ferryman", "serve", "-t", "lambda", "-C", str(root)),
                    *("--bind", f"127.0.0.1:{port}", "--set", f"lambda.emulator={emulator}"),
                ],
                stdout=log,
                stderr=log,
                env=os.environ | {"TMPDIR": str(self.temporary)},
            )

    def get(self, path: str) -> tuple[int, str]:
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(self.url + path, timeout=30) as answer:
                    return answer.status, answer.read().decode()
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode()
            except OSError:
                assert self.process.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, self.log.read_text()
                time.sleep(0.05)

    def children(self) -> set[int]:
        found = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)], capture_output=True, text=True
        )
        return {int(pid) for pid in found.stdout.split()}


@pytest.fixture
def serve(
    emulator: Path, tmp_path: Path, unused_tcp_port: int
) -> Iterator[Callable[[str], Served]]:
    started: list[Served] = []

    def start(source: str) -> Served:
        root = tmp_path / "project"
        root.mkdir()
        (root / "hello.py").write_text(source)
        (root / "pyproject.toml").write_text('[tool.ferryman]\napp = "hello:app"\n')
        started.append(Served(root, unused_tcp_port, emulator, tmp_path))
        return started[-1]

    yield start
    for served in started:
        if served.process.poll() is None:
            served.process.send_signal(signal.SIGINT)
        served.process.wait(30)


HELLO = """
import logging, sys
from aiohttp import web

async def hello(request):
    print("asked for", request.raw_path, flush=True)
    logging.getLogger("shop").warning("few boats left")
    loaded = {"click", "pydantic", "gunicorn", "kubernetes"} & set(sys.modules)
    return web.json_response({"path": request.raw_path, "foreign": sorted(loaded)})

app = web.Application()
app.router.add_get("/{tail:.*}", hello)
"""


def test_it_answers_and_leaves_nothing_behind(serve: Callable[[str], Served]) -> None:
    served = serve(HELLO)
    assert served.get("/a%2Fb?c=%20") == (200, '{"path": "/a%2Fb?c=%20", "foreign": []}')
    # What the app logs comes through a pipe, and may be there after its answer.
    while "few boats left" not in served.log.read_text():
        assert served.process.poll() is None
        time.sleep(0.05)
    log = served.log.read_text()
    assert "asked for /a%2Fb?c=%20" in log
    assert "(rapid)" not in log  # what the emulator says of itself
    children = served.children()
    assert children
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(20) == 0
    assert [pid for pid in children if Path(f"/proc/{pid}").exists()] == []
    assert list(served.temporary.iterdir()) == []


def test_an_app_that_fails_to_start_is_a_502_and_says_why_in_the_log(
    serve: Callable[[str], Served],
) -> None:
    # The build starts the app as well: this one fails in a function alone.
    source = (
        "import os\n"
        "from aiohttp import web\n"
        "async def fail(app):\n"
        "    if 'AWS_LAMBDA_FUNCTION_NAME' in os.environ:\n"
        "        raise OSError('no route to the database')\n"
        "app = web.Application()\n"
        "app.on_startup.append(fail)\n"
    )
    served = serve(source)
    status, _ = served.get("/")
    assert status == 502
    assert "no route to the database" in served.log.read_text()


def test_a_missing_emulator_says_where_to_get_it(tmp_path: Path) -> None:
    options = LambdaOptions(emulator=tmp_path / "nowhere")
    with pytest.raises(ConfigError, match="nowhere") as caught:
        find_emulator(options)
    assert caught.value.hint


def test_the_emulator_of_an_installed_aws_sam_cli_is_found(
    emulator: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(emulator.parents[3]))
    assert find_emulator(LambdaOptions()) == emulator


def test_unpacking_keeps_modes_and_times(tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.zip"
    with zipfile.ZipFile(bundle, "w") as archive:
        for name, mode in (("run.sh", 0o755), ("data/plain", 0o644)):
            entry = zipfile.ZipInfo(name, (2026, 3, 4, 5, 6, 8))
            entry.external_attr = (0o100000 | mode) << 16
            archive.writestr(entry, "x")
    unpack(bundle, tmp_path / "out")
    assert (tmp_path / "out" / "run.sh").stat().st_mode & 0o777 == 0o755
    plain = (tmp_path / "out" / "data" / "plain").stat()
    assert plain.st_mode & 0o777 == 0o644
    assert datetime.fromtimestamp(plain.st_mtime, UTC) == datetime(2026, 3, 4, 5, 6, 8, tzinfo=UTC)
