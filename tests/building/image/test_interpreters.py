"""The interpreter of an image: this machine's, another processor's, or none."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from tests.containers import image_project

from ferryman.building.image.interpreter import Python, open_interpreter, this_interpreter
from ferryman.building.image.root import Root
from ferryman.core.errors import ConfigError
from ferryman.local.emulator import host_architecture, host_python
from ferryman.targets.registry import installed_targets

_MACHINE = 18  # where an ELF file says what processor it is for
_CODES = {"x86_64": 62, "aarch64": 183}


@pytest.fixture(scope="module")
def here() -> Python:
    return this_interpreter(host_python())


@pytest.fixture(scope="module")
def abroad(here: Python, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file system with an interpreter for the other processor, as far as one can see."""
    root = tmp_path_factory.mktemp("abroad")
    other = {"x86_64": "aarch64", "aarch64": "x86_64"}[here.machine]
    home = here.libraries.home()
    files = Root(here).files()
    # What wheels for the other processor need besides.
    files |= {f"{home}/{name}": Path("/", home, name) for name in ("libpthread.so.0", "libdl.so.2")}
    files[f"{home}/ld-linux-aarch64.so.1"] = Path(here.loader)
    for place, path in files.items():
        copy = root / place.replace(f"{here.machine}-linux-gnu", f"{other}-linux-gnu")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
        with copy.open("r+b") as file:
            if file.read(4) == b"\x7fELF":
                file.seek(_MACHINE)
                file.write(_CODES[other].to_bytes(2, "little"))
    return root / "usr" / "local"


def test_this_machine_s_own_is_known(here: Python) -> None:
    assert here.minor == host_python()
    assert here.version.startswith(f"{host_python()}.")
    assert here.platform().wheels.startswith(f"{here.machine}-manylinux_2_")


def test_one_for_another_processor_is_read_and_not_run(abroad: Path, here: Python) -> None:
    python = open_interpreter(abroad, host_python())
    assert python.machine != here.machine
    assert python.platform().python == host_python()


def test_two_processors_make_an_index(abroad: Path, here: Python, tmp_path: Path) -> None:
    root = project(tmp_path, here.program, abroad)
    artifact = installed_targets()["server"].build(
        image_project(root), root / "dist" / "server", lambda _: None
    )
    layout = Path(artifact.path)
    (top,) = json.loads((layout / "index.json").read_text())["manifests"]
    index = json.loads((layout / "blobs" / top["digest"].replace(":", "/")).read_text())
    architectures = [one["platform"]["architecture"] for one in index["manifests"]]
    assert architectures == ["amd64", "arm64"]
    apps = set()
    for one in index["manifests"]:
        manifest = json.loads((layout / "blobs" / one["digest"].replace(":", "/")).read_text())
        apps.add(manifest["layers"][3]["digest"])
    assert len(apps) == 1, "the app is the same on each"
    assert {path.name for path in layout.parent.glob("*.json")} == {
        "amd64.sbom.cdx.json",
        "arm64.sbom.cdx.json",
    }


def project(root: Path, *interpreters: Path) -> Path:
    listed = ", ".join(f'"{path}"' for path in interpreters)
    (root / "pyproject.toml").write_text(
        f'[tool.ferryman]\napp = "hello:app"\n[tool.ferryman.server.image]\n'
        f"interpreters = [{listed}]\n"
    )
    (root / "hello.py").write_text("from aiohttp import web\napp = web.Application()\n")
    return root


def test_lambda_takes_an_image_for_one_processor(abroad: Path, tmp_path: Path) -> None:
    flags = {"lambda__image__interpreters": json.dumps([str(abroad)])}
    target = installed_targets()["lambda"]
    built = image_project(project(tmp_path), **flags)
    with pytest.raises(ConfigError, match=f"the function runs on {host_architecture()}"):
        target.build(built, tmp_path / "dist" / "lambda", lambda _: None)
    assert not (tmp_path / "dist").exists()


@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("nowhere", "there is no interpreter at"),
        ("empty", r"there is no Python 3\.\d+ in"),
        ("text", "is not a program for 64-bit Linux"),
    ],
)
def test_what_is_no_interpreter_is_told(place: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").write_text("no program")
    with pytest.raises(ConfigError, match=message) as told:
        open_interpreter(tmp_path / place, host_python())
    assert "--interpreter" in (told.value.hint or "")


def test_another_version_is_told(here: Python) -> None:
    with pytest.raises(ConfigError, match=f"is Python {here.minor}, and the project is built for"):
        open_interpreter(here.program, "3.99")
