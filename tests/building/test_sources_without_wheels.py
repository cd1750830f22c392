"""What has no wheel on an index ships all the same, to every target, and names no secret."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ferryman.building.app_parts import gather_app, resolve_parts
from ferryman.building.dependencies import AIOHTTP, Platform, pin_wheels
from ferryman.building.installable import Installable, pin_installable
from ferryman.core.errors import BuildError, ConfigError
from ferryman.project.project import Project
from ferryman.project.resolution import resolve_project

LAMBDA = Platform("3.13", "aarch64-manylinux_2_28")
SECRET = "s3cr3t"

BACKEND = """
import pathlib, zipfile

def build_wheel(directory, config_settings=None, metadata_directory=None):
    wheel = "acme_tide-2.0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(directory, wheel), "w") as archive:
        archive.writestr("acme_tide.py", "HIGH = 1\\n")
        info = "acme_tide-2.0.dist-info"
        archive.writestr(f"{info}/METADATA",
            "Metadata-Version: 2.1\\nName: acme-tide\\nVersion: 2.0\\nRequires-Dist: six==1.17\\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nTag: py3-none-any\\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel
"""


def project(root: Path, lines: str) -> Project:
    (root / "boat.py").write_text("from aiohttp import web\n\napp = web.Application()\n")
    (root / "requirements.txt").write_text(lines)
    return resolve_project(root, {}, flags={"app": "boat:app", "python": "3.13"})


def on_lambda(root: Path, lines: str) -> tuple[list[str], tuple[str, ...]]:
    """Return the places of the app's files, and the pins of its packages."""
    gathered = gather_app(project(root, lines), root / "scratch", lambda _: None)

    def pin(wanted: tuple[str, ...], shipped: tuple[str, ...]) -> tuple[str, ...]:
        return pin_wheels(wanted, LAMBDA, root=root, omit=shipped)

    parts, pins = resolve_parts(gathered, (AIOHTTP,), pin)
    return [file.place for file in parts.files], pins


def on_a_server(root: Path, lines: str) -> Installable:
    scratch = root / "scratch"
    gathered = gather_app(project(root, lines), scratch, lambda _: None)
    return pin_installable(gathered, (AIOHTTP,), "3.13", root, scratch)[1]


def pinned(installable: Installable, name: str) -> str:
    (line,) = (one for one in installable.text.splitlines() if one.startswith(f"{name}=="))
    return line


def write_tide(directory: Path) -> None:
    directory.mkdir(parents=True)
    (directory / "backend.py").write_text(BACKEND)
    (directory / "pyproject.toml").write_text(
        '[project]\nname = "acme-tide"\nversion = "2.0"\ndependencies = ["six==1.17"]\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )


def commit(directory: Path) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org"]
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], cwd=directory, check=True)


def write_wheel(directory: Path, name: str, tag: str) -> Path:
    directory.mkdir(exist_ok=True)
    path = directory / f"{name}-1-{tag}.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}.py", f"TAG = {tag!r}\n")
        info = f"{name}-1.dist-info"
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nTag: {tag}\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def test_a_package_with_sources_alone_is_built_for_every_target(tmp_path: Path) -> None:
    places, pins = on_lambda(tmp_path, "docopt==0.6.2")
    assert "docopt.py" in places
    assert not [pin for pin in pins if pin.startswith("docopt")]
    installable = on_a_server(tmp_path, "docopt==0.6.2")
    (wheel,) = installable.wheels
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    assert pinned(installable, "docopt") == f"docopt==0.6.2 --hash=sha256:{digest}"


def test_a_package_of_which_only_old_versions_lack_a_wheel_is_not_built(tmp_path: Path) -> None:
    links = tmp_path / "links"
    wheel = write_wheel(links, "acme_tide", "py3-none-any")
    with zipfile.ZipFile(wheel, "w") as archive:  # it needs a package with sources alone
        info = "acme_tide-1.dist-info"
        archive.writestr(
            f"{info}/METADATA",
            "Metadata-Version: 2.1\nName: acme-tide\nVersion: 1\nRequires-Dist: docopt\n",
        )
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    with tarfile.open(links / "acme_tide-0.5.tar.gz", "w:gz") as archive:
        broken = tmp_path / "pyproject.toml"
        broken.write_text('[build-system]\nrequires = []\nbuild-backend = "nothing"\n')
        archive.add(broken, "acme_tide-0.5/pyproject.toml")
    broken.unlink()
    places, pins = on_lambda(tmp_path, f"--find-links {links}\nacme-tide")
    assert "docopt.py" in places
    assert [pin.partition(" ")[0] for pin in pins if "tide" in pin] == ["acme-tide==1"]


def test_whoever_wants_wheels_alone_gets_nothing_built(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no set of wheels") as caught:
        on_lambda(tmp_path, "--only-binary :all:\ndocopt==0.6.2")
    assert "docopt" in (caught.value.cause or "")


def test_what_cannot_be_built_is_named_with_the_way_out(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    write_tide(broken)
    (broken / "backend.py").write_text("raise SystemExit('pg_config is not here')")
    commit(broken)
    with pytest.raises(ConfigError, match="acme-tide has no wheel that fits") as caught:
        on_lambda(tmp_path, f"acme-tide @ git+file://{broken}")
    assert "pg_config is not here" in (caught.value.cause or "")
    assert "--find-links" in (caught.value.hint or "")


@pytest.mark.parametrize("line", ["acme-tide @ git+file://{}", "-e git+file://{}#egg=acme-tide"])
def test_a_repository_ships_to_every_target(tmp_path: Path, line: str) -> None:
    repository = tmp_path / "tide"
    write_tide(repository)
    commit(repository)
    places, pins = on_lambda(tmp_path, line.format(repository))
    assert "acme_tide.py" in places
    assert [pin for pin in pins if pin.startswith("six==1.17")]
    installable = on_a_server(tmp_path, line.format(repository))
    assert [path.name for path in installable.wheels] == ["acme_tide-2.0-py3-none-any.whl"]
    assert "git+" not in installable.text


def test_wheels_in_a_directory_ship_for_each_processor(tmp_path: Path) -> None:
    links = tmp_path / "wheels"
    for machine in ("x86_64", "aarch64"):
        write_wheel(links, "acme_keel", f"cp313-cp313-manylinux_2_28_{machine}")
    lines = f"--find-links {links}\nacme-keel"
    _, pins = on_lambda(tmp_path, lines)
    assert [pin for pin in pins if pin.startswith("acme-keel==1 ")]
    installable = on_a_server(tmp_path, lines)
    assert [path.name for path in installable.wheels] == [
        "acme_keel-1-cp313-cp313-manylinux_2_28_aarch64.whl",
        "acme_keel-1-cp313-cp313-manylinux_2_28_x86_64.whl",
    ]
    assert str(tmp_path) not in installable.text
    for path in installable.wheels:
        assert f"--hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}" in installable.text


def test_a_wheel_of_this_machine_lies_beside_the_requirements(tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels", "acme_keel", "py3-none-any")
    installable = on_a_server(tmp_path, "./wheels/acme_keel-1-py3-none-any.whl")
    assert [path.name for path in installable.wheels] == ["acme_keel-1-py3-none-any.whl"]
    assert pinned(installable, "acme-keel").startswith("acme-keel==1 --hash=sha256:")


def test_a_wheel_that_is_not_the_one_that_was_hashed_is_refused(tmp_path: Path) -> None:
    write_wheel(tmp_path / "wheels", "acme_keel", "py3-none-any")
    line = "./wheels/acme_keel-1-py3-none-any.whl --hash=sha256:" + "0" * 64
    with pytest.raises(ConfigError, match="the project's hashes allow"):
        on_a_server(tmp_path, line)


class _Guarded(BaseHTTPRequestHandler):
    """Hands out a wheel to clients that have the password."""

    wheel: Path

    def do_GET(self) -> None:
        account = base64.b64encode(f"me:{SECRET}".encode()).decode()
        told = self.headers.get("Authorization") == f"Basic {account}"
        self.send_response(200 if told else 401)
        self.end_headers()
        if told:
            self.wfile.write(self.wheel.read_bytes())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[str]:
    """Yield the host and port of a server whose wheel needs a password."""
    _Guarded.wheel = write_wheel(tmp_path / "hidden", "acme_keel", "py3-none-any")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Guarded)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_an_address_with_a_password_is_in_no_artifact(tmp_path: Path, guarded: str) -> None:
    line = f"acme-keel @ http://me:{SECRET}@{guarded}/acme_keel-1-py3-none-any.whl"
    installable = on_a_server(tmp_path, line)
    assert pinned(installable, "acme-keel")
    assert SECRET not in installable.text
    _, pins = on_lambda(tmp_path, line)
    assert SECRET not in "".join(pins)


def test_a_password_that_is_refused_is_told_and_not_shown(tmp_path: Path, guarded: str) -> None:
    line = f"acme-keel @ http://me:wrong-{SECRET}@{guarded}/acme_keel-1-py3-none-any.whl"
    with pytest.raises(BuildError, match="the wheel of acme-keel cannot be fetched") as caught:
        on_a_server(tmp_path, line)
    assert "401" in (caught.value.cause or "")
    assert SECRET not in str(caught.value)


def test_a_conflict_beside_a_package_with_sources_alone_says_so_too(tmp_path: Path) -> None:
    lines = "docopt==0.6.2\nsimplejson==3.19.2"
    gathered = gather_app(project(tmp_path, lines), tmp_path / "scratch", lambda _: None)

    def pin(wanted: tuple[str, ...], shipped: tuple[str, ...]) -> tuple[str, ...]:
        return pin_wheels(wanted, LAMBDA, root=tmp_path, omit=shipped)

    with pytest.raises(ConfigError) as caught:
        resolve_parts(gathered, (AIOHTTP, "awslambdaric>=4,<5"), pin)
    assert "which awslambdaric needs" in (caught.value.hint or "")


@pytest.mark.parametrize("line", ["aiohttp==3.8.6"])
def test_a_conflict_says_who_requires_what(tmp_path: Path, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        on_lambda(tmp_path, line)
    cause = caught.value.cause or ""
    assert f"requirements.txt requires {line}" in cause
    assert f"ferryman requires {AIOHTTP}" in cause
    assert "you require" not in cause
    assert f"allow {AIOHTTP} in requirements.txt" in (caught.value.hint or "")
