"""What tests of several rooms need: the emulator, and the example built for this machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.browser import browser_page as browser_page
from tests.containers import Podman, built_once, image_project

from ferryman.core import capabilities
from ferryman.core.build.artifact import Artifact
from ferryman.core.build.project import Project
from ferryman.core.build.resolution import resolve_project
from ferryman.core.build.target import installed_targets

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "postcards"

# Settings of whoever runs the tests are none of the tests' own.
for _variable in [name for name in os.environ if name.startswith("FERRYMAN_")]:
    del os.environ[_variable]


@pytest.fixture(autouse=True)
def undeclared() -> Iterator[None]:
    """Leave no test with the capabilities that another one's runtime declared."""
    before = capabilities.current()
    yield
    capabilities.declare(before)


@pytest.fixture(scope="session")
def repository() -> Path:
    """Return the directory of this repository."""
    return ROOT


@pytest.fixture(scope="session")
def emulator() -> Path:
    """Return the path of AWS's emulator, which `make` fetches."""
    machine = platform.machine().replace("aarch64", "arm64")
    path = ROOT / ".tools/aws-sam-cli/samcli/local/rapid" / f"aws-lambda-rie-{machine}"
    assert path.is_file(), f"there is no emulator at {path}: run `make setup`"
    return path


@pytest.fixture(scope="session")
def postcards(emulator: Path) -> Project:
    """Return the example's project, set to be built for this machine."""
    from ferryman.targets.lambda_.emulator import host_architecture, host_python

    return resolve_project(
        EXAMPLE,
        {name: target.options for name, target in installed_targets().items()},
        flags={
            "python": host_python(),
            "lambda.architecture": host_architecture(),
            "lambda.emulator": str(emulator),
        },
    )


@pytest.fixture(scope="session")
def postcards_bundle(postcards: Project, tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    """Return the example's zip, built once for all tests of a process."""
    from ferryman.targets.lambda_.bundle import build_bundle

    return build_bundle(postcards, tmp_path_factory.mktemp("dist") / "lambda", lambda _: None)


@pytest.fixture(scope="session")
def server_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the OCI layout of the example's image for a server."""
    return built_once(image_project(EXAMPLE), "server", tmp_path_factory)


@pytest.fixture(scope="session")
def lambda_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the OCI layout of the example's image for Lambda."""
    return built_once(image_project(EXAMPLE), "lambda", tmp_path_factory)


@pytest.fixture(scope="session")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Podman:
    """Return podman, configured for a machine in a machine."""
    return Podman(tmp_path_factory.mktemp("podman"))
