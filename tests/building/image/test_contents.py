"""What is in the images of the example, and how they say that they are run."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from ferryman.building.file_dates import OLDEST
from ferryman.core.serving import ADMIN_PORT, PORT, USER_ID


class Layout:
    """An OCI layout, read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (entry,) = json.loads((path / "index.json").read_text())["manifests"]
        self.manifest = self.document(entry["digest"])
        self.config = self.document(self.manifest["config"]["digest"])

    def document(self, digest: str) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.blob(digest).read_text())
        return read

    def blob(self, digest: str) -> Path:
        return self.path / "blobs" / digest.replace(":", "/")

    def layers(self) -> list[list[tarfile.TarInfo]]:
        found = []
        for layer in self.manifest["layers"]:
            with tarfile.open(self.blob(layer["digest"])) as archive:
                found.append(archive.getmembers())
        return found

    def names(self) -> set[str]:
        return {member.name for layer in self.layers() for member in layer}


@pytest.fixture(scope="module")
def server(server_image: Path) -> Layout:
    return Layout(server_image)


@pytest.fixture(scope="module")
def function(lambda_image: Path) -> Layout:
    return Layout(lambda_image)


def test_the_server_says_how_it_is_run_and_whether_it_is_well(server: Layout) -> None:
    run = server.config["config"]
    assert run["User"] == f"{USER_ID}:{USER_ID}"
    assert run["Entrypoint"][1:] == ["-m", "ferryman.targets.server.runtime"]
    assert {*run["ExposedPorts"]} == {f"{PORT}/tcp", f"{ADMIN_PORT}/tcp"}
    assert run["StopSignal"] == "SIGTERM"
    assert run["Healthcheck"]["Test"][0] == "CMD"
    assert run["Healthcheck"]["Test"][1] == run["Entrypoint"][0]
    assert run["Labels"]["org.opencontainers.image.title"] == "postcards"
    assert run["Labels"] == server.manifest["annotations"]


def test_the_function_names_its_handler(function: Layout) -> None:
    run = function.config["config"]
    assert run["Cmd"] == ["ferryman.targets.lambda_.runtime.entry.handler"]
    assert "ExposedPorts" not in run
    assert "Healthcheck" not in run


@pytest.mark.parametrize(
    ("unwanted", "kind"),
    [
        *(("gunicorn", "function"), ("awslambdaric", "server"), ("simplejson", "server")),
        *(("click", "server"), ("pip", "server"), ("click", "function"), ("uv", "function")),
    ],
)
def test_nothing_of_another_world_is_in_them(
    unwanted: str, kind: str, request: pytest.FixtureRequest
) -> None:
    names = request.getfixturevalue(kind).names()
    assert not [name for name in names if f"packages/{unwanted}/" in name]


def test_a_system_is_there_and_what_needs_a_screen_is_not(server: Layout) -> None:
    names = server.names()
    wanted = {"etc/passwd", "etc/ssl/certs/ca-certificates.crt", "usr/share/zoneinfo", "tmp"}
    assert wanted <= names
    assert any(name.endswith("/sqlite3/__init__.pyc") for name in names)
    for unwanted in ("/tkinter/", "/idlelib/", "/ensurepip/", "/test/support/", "_pydecimal"):
        assert not [name for name in names if unwanted in name], unwanted
    assert not [name for name in names if name.endswith(".exe") or "__pycache__/sitec" in name]


def test_layers_hold_files_in_order_of_no_user_and_no_time(server: Layout) -> None:
    for layer in server.layers():
        assert [member.name for member in layer] == sorted(member.name for member in layer)
        assert {(m.uid, m.gid, m.uname, m.gname) for m in layer} == {(0, 0, "", "")}
        fixed = {
            m.mtime for m in layer if not m.isfile() or m.name.endswith((".py", ".pyc", ".so"))
        }
        assert fixed <= {OLDEST}
        system = {m.mtime for m in layer if not m.name.startswith(("app", "packages"))}
        assert system <= {OLDEST}
        writable = {m.name for m in layer if m.mode & 0o022 and not m.issym()}
        assert writable <= {"tmp"}


def test_the_bill_of_materials_names_what_scanners_look_for(server_image: Path) -> None:
    bill = json.loads((server_image.parent / "sbom.cdx.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    named = {one["name"]: one for one in bill["components"]}
    assert {"aiohttp", "gunicorn", "certifi", "python", "glibc", "openssl"} <= named.keys()
    assert named["aiohttp"]["purl"].startswith("pkg:pypi/aiohttp@3.")
    assert "cpe:2.3:a:openssl:openssl:3." in named["openssl"]["cpe"]
    assert bill["metadata"]["component"]["name"] == "postcards"
