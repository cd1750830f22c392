"""`ferryman serve`: where it listens, and what it hands to the target."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pydantic import BaseModel

from ferryman.cli.main import cli
from ferryman.core.errors import ConfigError
from ferryman.project.project import Project
from ferryman.records.progress import Progress
from ferryman.targets import registry
from ferryman.targets.protocols import Address


class Options(BaseModel):
    speed: int = 1


class Boat:
    """A target that notes where it is told to listen, and ends with a status of its own."""

    name = "boat"
    options = Options
    served: list[tuple[str, Address]]

    def __init__(self) -> None:
        self.served = []

    def serve(self, project: Project, address: Address, progress: Progress) -> int:
        progress(f"listening at {address}")
        self.served.append((str(project.app), address))
        return 7


@pytest.fixture
def boat(monkeypatch: pytest.MonkeyPatch) -> Boat:
    boat = Boat()
    monkeypatch.setattr(registry, "installed_targets", lambda: {"boat": boat})
    return boat


def serve(root: Path, *arguments: str) -> Result:
    command = ["serve", "-t", "boat", "-C", str(root), "--app", "shop:app", *arguments]
    return CliRunner().invoke(cli, command, standalone_mode=False)


@pytest.mark.parametrize(
    ("bind", "address"),
    [
        ([], Address("127.0.0.1", 8000)),
        (["--bind", "localhost:9000"], Address("localhost", 9000)),
        (["--bind", "0.0.0.0:0"], Address("0.0.0.0", 0)),
        (["--bind", "h:65535"], Address("h", 65535)),
        (["--bind", "[::1]:9000"], Address("::1", 9000)),
    ],
)
def test_the_target_serves_where_it_is_told(
    tmp_path: Path, boat: Boat, bind: list[str], address: Address
) -> None:
    done = serve(tmp_path, *bind)
    assert boat.served == [("shop:app", address)]
    assert done.return_value == 7
    assert (done.stdout, done.stderr) == ("", f"listening at {address}\n")


@pytest.mark.parametrize(
    "bind",
    [
        *("", "8000", ":8000", "h", "h:", "h:x", "h:-1", "h:99999", "h:65536", "h:80:80", "h:٣"),
        *("::1", "::1:80", "[]:80", "[::1]", "[::1:80", "[h]:80"),
    ],
)
def test_a_place_that_is_none_is_refused(tmp_path: Path, boat: Boat, bind: str) -> None:
    done = serve(tmp_path, "--bind", bind)
    assert isinstance(done.exception, ConfigError)
    assert done.exception.message == f"--bind {bind} is not HOST:PORT"
    assert boat.served == []


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (["--bind", "h:99999"], 2, "--bind h:99999 is not HOST:PORT"),
        ([], 2, "the project names no app"),
        (["--app", "nothing:app"], 3, "there is no module 'nothing'"),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_started(
    tmp_path: Path, arguments: list[str], status: int, said: str
) -> None:
    command = [sys.executable, "-m", "ferryman", "serve", "-t", "server", *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stdout) == (status, "")
    assert said in done.stderr.splitlines()[0]


@pytest.mark.parametrize(
    ("bind", "cause"), [("127.0.0.1:{port}", "Address already in use"), ("192.0.2.1:80", "assign")]
)
def test_an_address_that_cannot_be_had_is_told_at_once(
    tmp_path: Path, bind: str, cause: str
) -> None:
    (tmp_path / "shop.py").write_text("app = 1\n")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = bind.format(port=taken.getsockname()[1])
        command = [sys.executable, "-m", "ferryman", "serve", "-t", "server", "--app", "shop:app"]
        done = subprocess.run(
            [*command, "--bind", address], cwd=tmp_path, capture_output=True, text=True, timeout=20
        )
    assert (done.returncode, done.stdout) == (2, "")
    first, why, hint = done.stderr.splitlines()
    assert (first, hint) == (f"error: cannot listen at {address}", "hint: pass another --bind")
    assert cause in why
