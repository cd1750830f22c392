"""What `docs/how-to/systemd.md` says to write down works: nginx, the socket, the drop-in."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import stat
import subprocess
import time
import tomllib
from contextlib import suppress
from pathlib import Path

from scripts.ports import free_port
from tests.targets.server.fronts import ROOT, documented, nginx
from tests.targets.server.running import running

from ferryman.targets.server.options import ServerOptions, deployed
from ferryman.targets.server.runtime.options import ServerSettings
from ferryman.targets.server.systemd import unit

PAGE = ROOT / "docs" / "how-to" / "systemd.md"
SOCKET = "/run/shop/http.sock"
WHO = """
from aiohttp import web

async def who(request):
    return web.json_response([request.remote, request.scheme, request.host])

app = web.Application()
app.router.add_get("/", who)
"""


def documented_settings() -> dict[str, object]:
    options = tomllib.loads(documented("toml", PAGE))["tool"]["ferryman"]["server"]
    return dict(deployed(ServerOptions.model_validate(options), contained=False))


def test_nginx_reaches_the_server_through_its_socket(tmp_path: Path) -> None:
    socket, port = tmp_path / "s.sock", free_port()
    options = documented_settings() | {"bind": f"unix:{socket}", "workers": 1, "drain_delay": 0}
    del options["admin_bind"]
    text = documented("nginx", PAGE).replace(SOCKET, str(socket))
    with running(tmp_path / "app", WHO, plain=False, **options) as server:
        server.wait_until(socket.exists)
        assert stat.S_IMODE(socket.stat().st_mode) == 0o660
        with subprocess.Popen(nginx(tmp_path, text, port, 0)) as front:
            try:
                forged = {"X-Forwarded-For": "192.0.2.9", "Forwarded": "for=192.0.2.8;host=evil"}
                answer = b""
                deadline = time.monotonic() + 30
                while not answer:
                    assert time.monotonic() < deadline, (tmp_path / "error.log").read_text()
                    with suppress(OSError):
                        answer = ask(port, {**forged, "Host": "shop.example"})
                assert json.loads(answer) == ["127.0.0.1", "http", "shop.example"]
            finally:
                front.terminate()


def ask(port: int, headers: dict[str, str]) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/", headers=headers)
        answer = connection.getresponse()
        return answer.read() if answer.status == 200 else b""
    finally:
        connection.close()


def test_systemd_accepts_the_unit_with_the_drop_in(tmp_path: Path) -> None:
    text = unit("shop", "1.2", "3.13", ServerSettings.read(documented_settings()))
    python = shutil.which("python3", path="/usr/bin:/bin")
    assert python is not None
    (tmp_path / "shop.service").write_text(text.replace("/opt/shop/venv/bin/python", python))
    drop_in = tmp_path / "shop.service.d" / "override.conf"
    drop_in.parent.mkdir()
    drop_in.write_text(documented("ini", PAGE))
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / "shop.service")]
    environment = os.environ | {"SYSTEMD_UNIT_PATH": f"{tmp_path}:"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert "shop.service" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr
