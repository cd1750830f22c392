"""The addresses that a server listens at: what they mean, who may connect, and what is refused."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from scripts.ports import free_port
from tests.targets.server.running import Server, running

from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.targets.server.runtime.listeners import AddressUnavailable, Listener, listen


@contextmanager
def listening(address: str, mode: str = "0660") -> Iterator[Listener]:
    made = listen("bind", address, backlog=8, mode=mode)
    try:
        yield made
    finally:
        made.close()
        made.remove()


def ask(path: Path) -> bytes:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10)
        connection.connect(str(path))
        connection.sendall(b"GET /echo?n=1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        return connection.recv(12)


def answers(path: Path) -> bool:
    with suppress(OSError):
        return ask(path) == b"HTTP/1.1 200"
    return False


def test_a_server_that_ends_leaves_its_successors_socket(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    options: dict[str, Any] = {"plain": False, "bind": f"unix:{path}", "drain_delay": 1}
    with (
        running(tmp_path / "old", **options) as old,
        running(tmp_path / "new", plain=False, bind="unix:/nowhere/s.sock") as unneeded,
    ):
        assert unneeded.process.wait(60) == 2  # it fails, and touches nothing
        old.wait_until(lambda: answers(path))
        inode = path.stat().st_ino
        with running(tmp_path / "next", **options) as successor:
            old.wait_until(lambda: path.stat().st_ino != inode)
            old.signal(signal.SIGTERM)
            until = time.monotonic() + 60
            while old.process.poll() is None and time.monotonic() < until:
                successor.wait_until(lambda: answers(path))  # there is no gap
            assert old.process.wait(1) == 0
            assert answers(path)
            successor.signal(signal.SIGTERM)
            assert successor.process.wait(30) == 0
        assert not path.exists()
    assert {entry.name for entry in tmp_path.iterdir()} == {"old", "new", "next"}


@pytest.mark.parametrize("mode", ["0660", "600", "0777"])
def test_a_sockets_file_has_the_permissions_that_are_set(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "s.sock"
    before = os.umask(0)
    try:
        with listening(f"unix:{path}", mode):
            assert stat.S_IMODE(path.stat().st_mode) == int(mode, 8)
    finally:
        os.umask(before)
    assert list(tmp_path.iterdir()) == []


def test_another_user_cannot_connect_by_default(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can try as another user")
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents:
        if not parent.stat().st_mode & stat.S_IXOTH:
            parent.chmod(0o755)
    with listening(f"unix:{tmp_path / 's.sock'}"):
        connect = (
            f"import socket; socket.socket(socket.AF_UNIX).connect({str(tmp_path / 's.sock')!r})"
        )
        command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        done = subprocess.run(
            [*command, "/usr/bin/python3", "-c", connect, str(tmp_path / "s.sock")],
            capture_output=True,
            text=True,
        )
        assert "PermissionError" in done.stderr


def test_a_file_in_the_sockets_place_is_kept_and_said(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    path.write_text("precious")
    with running(tmp_path / "run", plain=False, bind=f"unix:{path}") as server:
        assert server.process.wait(60) == 2
    said = server.log.read_text()
    assert "something else than a socket" in said
    assert "hint:" in said
    assert "Traceback" not in said
    assert path.read_text() == "precious"


def test_a_socket_that_nobody_listens_to_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    with listening(f"unix:{path}"), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


@pytest.mark.parametrize("key", ["bind", "admin_bind"])
def test_a_port_in_use_is_said_at_once(tmp_path: Path, key: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        began = time.monotonic()
        with running(tmp_path, plain=False, **{key: f"127.0.0.1:{port}"}) as server:
            status = server.process.wait(60)
        starting = time.monotonic() - began
        said = server.log.read_text()
        assert (status, "Traceback" in said) == (1, False)
        assert f"{key} = '127.0.0.1:{port}'" in said
        assert "Address already in use" in said
        again = time.monotonic()
        with pytest.raises(AddressUnavailable):
            listen(key, f"127.0.0.1:{port}", backlog=8, mode="0660")
        assert time.monotonic() - again < 4, starting


def test_the_ipv6_address_of_all_answers_ipv4_too_on_both_ports(tmp_path: Path) -> None:
    admin = free_port()
    server: Server
    port = free_port()
    with running(tmp_path, plain=False, bind=f"[::]:{port}", admin_bind=f"[::]:{admin}") as server:
        for host in ("127.0.0.1", "::1"):
            for asked, path in ((port, "/echo?n=1"), (admin, "/livez")):
                server.wait_until(lambda h=host, p=asked, t=path: get(h, p, t) == 200)  # type: ignore[misc]


def get(host: str, port: int, path: str) -> int:
    import http.client

    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("address", "kind", "says"),
    [
        ("unix:/nowhere/at/all/s.sock", ConfigError, "make the directory first"),
        ("unix:/" + "a" * 100, ConfigError, "at most 90 bytes"),
        ("192.0.2.1:8000", AddressUnavailable, "address of this machine"),
        ("no-such-host.invalid:8000", AddressUnavailable, "address of this machine"),
        ("unix:/proc/1/s.sock", ConfigError, "cannot listen there"),
    ],
)
def test_an_address_that_cannot_be_had_is_said(
    address: str, kind: type[FerrymanError], says: str
) -> None:
    with pytest.raises(kind) as refused:
        listen("bind", address, backlog=8, mode="0660")
    assert says in str(refused.value)
    assert "bind = " in str(refused.value)
