"""A balancer that is changed by a reload loses requests: nginx, through the command hook.

This is the negative case. What the page on migrations warns of must be what happens.
"""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.ports import free_port
from tests.migrate.load import clients, side

from ferryman.migrate.shifters.command import CommandShifter

RELOADS = 60
"""At most: each loses some twenty of the POSTs that are on their way to a connection that ends."""

CONFIGURATION = """
daemon off;
worker_processes 1;
pid {root}/nginx.pid;
error_log {root}/error.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {root}/body;
    proxy_temp_path {root}/proxy;
    fastcgi_temp_path {root}/fastcgi;
    uwsgi_temp_path {root}/uwsgi;
    scgi_temp_path {root}/scgi;
    include {root}/sides.conf;
    server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://app; }} }}
}}
"""

WRITE = """
if [ "$FERRYMAN_TO" = 0 ]; then new="down"; else new="weight=$FERRYMAN_TO"; fi
old=$((100 - FERRYMAN_TO))
printf 'upstream app {{ server 127.0.0.1:{old} weight=%s; server 127.0.0.1:{new} %s; }}\\n' \
  "$old" "$new" > {root}/sides.conf
echo "$FERRYMAN_TO" > {root}/weight
kill -HUP "$(cat {root}/nginx.pid)"
"""


@contextmanager
def nginx(root: Path, port: int) -> Iterator[None]:
    """Run nginx."""
    path = root / "nginx.conf"
    path.write_text(CONFIGURATION.format(root=root, port=port))
    command = ["nginx", "-p", str(root), "-c", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while not (root / "nginx.pid").exists() or not (root / "nginx.pid").read_text():
            assert process.poll() is None, (root / "error.log").read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(20)


async def test_a_reload_loses_posts(tmp_path: Path) -> None:
    async with side("old") as old, side("new") as new:
        script = WRITE.format(root=tmp_path, old=old, new=new)
        (tmp_path / "weight").write_text("1")
        (tmp_path / "sides.conf").write_text(
            f"upstream app {{ server 127.0.0.1:{old} weight=99; server 127.0.0.1:{new}; }}"
        )
        hook = CommandShifter(
            ("sh", "-c", f'printf \'{{"weight": %s}}\' "$(cat {tmp_path}/weight)"'),
            ("sh", "-c", script),
            *("old", "new"),
        )
        port = free_port()
        with nginx(tmp_path, port):
            async with clients(port, 32) as seen:
                async with asyncio.timeout(60):
                    while seen["POST"] < 100:
                        await asyncio.sleep(0.05)
                assert seen["lost POST"] == 0, "without a reload nothing is lost"
                for number in range(RELOADS):
                    start, end = (1, 50) if number % 2 == 0 else (50, 1)
                    await asyncio.to_thread(hook.write, start, end)
                    await asyncio.sleep(0.1)
                    if seen["lost POST"]:
                        break
    assert seen["new"] > 0, "the hook does move traffic"
    assert seen["lost POST"] > 0, "and a reload loses some of it"
