"""Real proxies in front of a server, configured as the documentation says."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from http.client import HTTPConnection
from pathlib import Path

from scripts.ports import free_port

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "server-behind-a-proxy.md"
ENVOY = ROOT / ".tools" / "envoy" / "envoy" / "_bin" / "envoy"

NGINX = """\
daemon off;
master_process off;
pid {place}/pid;
error_log {place}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {place}/body;
  proxy_temp_path {place}/proxy;
  fastcgi_temp_path {place}/fastcgi;
  scgi_temp_path {place}/scgi;
  uwsgi_temp_path {place}/uwsgi;
{text}
}}
"""


def documented(language: str, page: Path = PAGE, number: int = 0) -> str:
    """Return a configuration of the page, by the language of its fence."""
    fences = re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.M | re.S)
    text: str = fences[number]
    return text


def nginx(place: Path, text: str, port: int, behind: int) -> Sequence[str]:
    text = text.replace("listen 80;", f"listen 127.0.0.1:{port};").replace(
        "127.0.0.1:8000", f"127.0.0.1:{behind}"
    )
    (place / "front.conf").write_text(NGINX.format(place=place, text=text))
    program = shutil.which("nginx") or "/usr/sbin/nginx"
    return (program, "-c", str(place / "front.conf"), "-e", str(place / "error.log"))


def haproxy(place: Path, text: str, port: int, behind: int) -> Sequence[str]:
    text = text.replace("bind :80", f"bind 127.0.0.1:{port}").replace(
        "127.0.0.1:8000", f"127.0.0.1:{behind}"
    )
    (place / "front.conf").write_text(text)
    program = shutil.which("haproxy") or "/usr/sbin/haproxy"
    return (program, "-db", "-f", str(place / "front.conf"))


def envoy(place: Path, text: str, port: int, behind: int) -> Sequence[str]:
    text = text.replace(
        "address: 0.0.0.0, port_value: 80 ", f"address: 127.0.0.1, port_value: {port} "
    ).replace("port_value: 8000", f"port_value: {behind}")
    (place / "front.yaml").write_text(text)
    command = (str(ENVOY), "-c", str(place / "front.yaml"), "--concurrency", "1")
    return (*command, "--disable-hot-restart", "--log-level", "warn")


Front = Callable[[Path, str, int, int], Sequence[str]]

FRONTS: Mapping[str, tuple[Front, str]] = {
    "nginx": (nginx, "nginx"),
    "haproxy": (haproxy, "haproxy"),
    "envoy": (envoy, "yaml"),
}
"""How each is started, and the language of its configuration in the documentation."""


@contextmanager
def in_front(name: str, place: Path, behind: int, text: str | None = None) -> Iterator[int]:
    """Run a proxy in front of a port of this machine, and return its own port."""
    front, language = FRONTS[name]
    place.mkdir()
    port = free_port()
    command = front(place, text or documented(language), port, behind)
    with (place / "output").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + 30
        while not _answers(port):
            assert process.poll() is None, (place / "output").read_text()
            assert time.monotonic() < deadline, (place / "output").read_text()
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _answers(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    with suppress(OSError), closing(connection):
        connection.request("GET", "/")
        return connection.getresponse().status == 200
    return False
