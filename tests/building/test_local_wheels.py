"""Packages that lie on this machine as sources ship with the app, whatever the target."""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from pathlib import Path

import pytest

from ferryman.building.app_parts import AppParts, gather_app
from ferryman.core.errors import BuildError, ConfigError
from ferryman.project.project import Project
from ferryman.project.resolution import resolve_project
from ferryman.targets.registry import installed_targets

# A build backend of its own, so that none need be fetched.
BACKEND = """
import json, pathlib, zipfile

def build_wheel(directory, config_settings=None, metadata_directory=None):
    if pathlib.Path("broken").exists():
        raise SystemExit("the mast is broken")
    name = json.loads(pathlib.Path("tag.json").read_text())
    wheel = f"acme_oar-1.5-{name}.whl"
    needs = "".join(f"Requires-Dist: {n}\\n" for n in ("six==1.17", "idna==3.11; extra=='far'"))
    with zipfile.ZipFile(pathlib.Path(directory, wheel), "w") as archive:
        for path in pathlib.Path("src").rglob("*.*"):
            archive.write(path, path.relative_to("src"))
        info = "acme_oar-1.5.dist-info"
        archive.writestr("acme_oar-1.5.data/scripts/row", "#!/bin/sh")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\\nName: acme-oar\\n"
            f"Version: 1.5\\nProvides-Extra: far\\n{needs}")
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\\nTag: {name}\\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel
"""


def write_oar(directory: Path, tag: str = "py3-none-any") -> None:
    package = directory / "src" / "acme_oar"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("def row() -> int:\n    return 1\n")
    (package / "lengths.txt").write_text("2.4 m")
    (directory / "backend.py").write_text(BACKEND)
    (directory / "tag.json").write_text(json.dumps(tag))
    (directory / "pyproject.toml").write_text(
        '[project]\nname = "acme-oar"\nversion = "1.5"\n'
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    )


def project(root: Path, line: str = "-e libs/oar") -> Project:
    (root / "boat.py").write_text(
        "from aiohttp import web\nfrom acme_oar import row\n\napp = web.Application()\n"
    )
    (root / "requirements.txt").write_text(line)
    options = {name: target.options for name, target in installed_targets().items()}
    flags = {
        "app": "boat:app",
        "requirements": "requirements.txt",
        "python": "3.11",
        "lambda.architecture": "x86_64",
    }
    return resolve_project(root, options, flags=flags)


def gather(root: Path, line: str = "-e libs/oar") -> AppParts:
    return gather_app(project(root, line), root / "scratch", lambda _: None)


def test_its_files_are_the_apps_and_what_it_needs_is_required(tmp_path: Path) -> None:
    write_oar(tmp_path / "libs" / "oar")
    parts = gather(tmp_path)
    assert [file.place for file in parts.files] == [
        "acme_oar-1.5.dist-info/METADATA",
        "acme_oar-1.5.dist-info/RECORD",
        "acme_oar-1.5.dist-info/WHEEL",
        "acme_oar/__init__.py",
        "acme_oar/lengths.txt",
        "boat.py",
    ]
    assert parts.shipped == ("acme-oar",)
    (line,) = parts.requirements
    assert line.startswith("acme-oar @ file:///")


def test_an_edit_of_it_is_in_the_next_build(tmp_path: Path) -> None:
    write_oar(tmp_path / "libs" / "oar")
    gather(tmp_path)
    edited = tmp_path / "libs" / "oar" / "src" / "acme_oar" / "lengths.txt"
    edited.write_text("3.0 m")
    (shipped,) = (file for file in gather(tmp_path).files if file.place.endswith("lengths.txt"))
    assert shipped.path.read_text() == "3.0 m"


def test_setuptools_leaves_nothing_in_the_sources_and_no_deleted_module_ships(
    tmp_path: Path,
) -> None:
    oar = tmp_path / "libs" / "oar"
    (oar / "src" / "acme_oar").mkdir(parents=True)
    for name in ("__init__", "paddle"):
        (oar / "src" / "acme_oar" / f"{name}.py").write_text("def row() -> int:\n    return 1\n")
    (oar / "setup.py").write_text(
        "from setuptools import find_packages, setup\n"
        "setup(name='acme-oar', version='1.5', package_dir={'': 'src'},\n"
        "      packages=find_packages('src'))\n"
    )
    before = sorted(oar.rglob("*"))
    assert "acme_oar/paddle.py" in {file.place for file in gather(tmp_path).files}
    assert sorted(oar.rglob("*")) == before
    (oar / "src" / "acme_oar" / "paddle.py").unlink()
    places = {file.place for file in gather(tmp_path).files}
    assert "acme_oar/__init__.py" in places
    assert "acme_oar/paddle.py" not in places


def test_compiled_parts_are_refused_with_the_way_out(tmp_path: Path) -> None:
    write_oar(tmp_path / "libs" / "oar", "cp311-cp311-linux_x86_64")
    with pytest.raises(ConfigError, match=r"the package in .*libs/oar has compiled parts") as told:
        gather(tmp_path)
    assert "acme_oar-1.5-cp311-cp311-linux_x86_64.whl" in str(told.value.cause)


def test_a_package_that_cannot_be_made_is_told_with_the_reason(tmp_path: Path) -> None:
    write_oar(tmp_path / "libs" / "oar")
    (tmp_path / "libs" / "oar" / "broken").touch()
    with pytest.raises(BuildError) as told:
        gather(tmp_path)
    assert "libs/oar" in told.value.message
    assert "backend.build_wheel" in str(told.value.cause)
    shown = f"`uv build --wheel {tmp_path}/libs/oar` shows all that its build says"
    assert told.value.hint == shown


def test_the_zip_imports_it_and_holds_what_it_needs(tmp_path: Path) -> None:
    write_oar(tmp_path / "libs" / "oar")
    out = tmp_path / "dist" / "lambda"
    chosen = project(tmp_path, "./libs/oar[far]")
    installed_targets()["lambda"].build(chosen, out, lambda _: None)  # which imports the app
    with zipfile.ZipFile(next(out.glob("*.zip"))) as archive:
        names = set(archive.namelist())
        assert str(tmp_path).encode() not in b"".join(map(archive.read, names))
    # Nothing that is imported at the start needs idna, so it ships as pip installs it.
    assert {"acme_oar/__init__.py", "acme_oar/lengths.txt", "six.py", "idna/core.py"} <= names


def test_the_dockerfiles_context_holds_its_wheel_and_pins_what_it_needs(tmp_path: Path) -> None:
    write_oar(tmp_path / "libs" / "oar")
    out = tmp_path / "dist" / "server"
    installed_targets()["server"].build(project(tmp_path), out, lambda _: None)
    (wheel,) = (out / "wheels").iterdir()
    assert wheel.name == "acme_oar-1.5-py3-none-any.whl"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    pinned = (out / "requirements.txt").read_text().splitlines()
    assert f"acme-oar==1.5 --hash=sha256:{digest}" in pinned
    assert any(line.startswith("six==1.17") for line in pinned)
    dockerfile = (out / "Dockerfile").read_text()
    assert "COPY wheels /wheels\n" in dockerfile
    assert '"--find-links=/wheels"' in dockerfile


def test_an_image_holds_it_and_its_bill_of_materials_names_it(tmp_path: Path) -> None:
    write_oar(tmp_path / "libs" / "oar")
    root = project(tmp_path).root
    options = {name: target.options for name, target in installed_targets().items()}
    flags = {
        "app": "boat:app",
        "requirements": "requirements.txt",
        "python": f"{sys.version_info[0]}.{sys.version_info[1]}",
        "server.image.build": True,
    }
    out = tmp_path / "dist" / "server"
    chosen = resolve_project(root, options, flags=flags)
    installed_targets()["server"].build(chosen, out, lambda _: None)
    bill = json.loads((out / "sbom.cdx.json").read_text())
    versions = {one["name"]: one.get("version") for one in bill["components"]}
    assert (versions["acme-oar"], versions["six"]) == ("1.5", "1.17.0")
