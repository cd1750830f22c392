"""What tests of several rooms need: the emulator, and the example built for this machine."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from scripts.ports import free_port
from tests.aws_stand_in import CREDENTIALS, recorded_calls, running_ministack
from tests.browser import browser_page as browser_page
from tests.containers import Podman, built_once, image_project

from ferryman.building.artifact import Artifact
from ferryman.core import capabilities
from ferryman.project.project import Project
from ferryman.project.resolution import resolve_project
from ferryman.targets.registry import installed_targets

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "postcards"

# The files that take longest, the longest first. Each goes to one process, and one that
# began last would keep the others waiting.
LONGEST = (
    "docs/test_documents.py",
    "conformance/test_conformance.py",
    "cli/test_measure.py",
    "measure/test_bad_apps.py",
    "local/reload/test_bad_input.py",
    "targets/server/test_workers.py",
    "parity/test_images.py",
    "measure/test_held_to.py",
    "targets/server/test_drain_at_defaults.py",
    "parity/test_aws_doors.py",
    "targets/server/test_draining.py",
    "targets/server/test_overflow.py",
    "scaffold/test_fresh_project.py",
    "targets/server/test_slow_readers.py",
    "targets/lambda_/test_bundle.py",
    "calculator/test_in_browser.py",
    "test_pytest_plugin.py",
    "targets/server/test_serving.py",
    "packages/test_smoke.py",
    "applications/test_look_alikes.py",
    "targets/server/test_admin.py",
    "migrate/test_under_load.py",
    "portability/test_findings.py",
    "targets/lambda_/deploying/test_deployment.py",
    "migrate/planning/test_plan_of_project.py",
    "cli/test_dev.py",
    "cli/test_invoke.py",
    "calculator/test_targets.py",
    "targets/lambda_/deploying/test_refusals.py",
    "targets/lambda_/deploying/test_canary.py",
    "targets/test_planted_secret.py",
    "cli/test_new.py",
    "cli/test_cost.py",
    "building/image/test_interpreters.py",
    "cost/page/test_in_browser.py",
    "packages/test_tried_packages.py",
    "building/test_sources_without_wheels.py",
    "cli/test_check_parity.py",
    "targets/server/deploying/test_service.py",
    "cli/test_invoke_local.py",
    "building/test_start_check.py",
    "targets/server/test_soak.py",
    "cache/test_model.py",
    "parity/test_stores.py",
    "cost/test_overflow.py",
    "targets/server/deploying/test_service_template.py",
    "cache/test_counting.py",
    "targets/server/test_sharing.py",
    "local/lambda_/test_event_source.py",
    "cli/test_main.py",
    "targets/lambda_/events/test_bad_input.py",
    "conformance/test_memory.py",
    "cli/test_build.py",
    "building/test_local_wheels.py",
    "targets/lambda_/test_pollers.py",
    "targets/lambda_/test_runtime.py",
    "targets/server/test_hostile.py",
    "targets/lambda_/test_misbehaving_apps.py",
    "local/lambda_/test_judges.py",
    "portability/test_survey.py",
    "migrate/shifters/test_route.py",
)

# The settings of the user who runs the tests are not the tests' own.
for _variable in [name for name in os.environ if name.startswith("FERRYMAN_")]:
    del os.environ[_variable]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest."""
    places = {ROOT / "tests" / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(LONGEST)))


@pytest.fixture
def unused_tcp_port() -> int:
    """Replace pytest-asyncio's, whose port Linux may give to another test's server meanwhile."""
    return free_port()


@pytest.fixture(scope="session")
def unused_tcp_port_factory() -> Callable[[], int]:
    """Replace pytest-asyncio's, for the same reason."""
    return free_port


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
    from ferryman.local.emulator import host_architecture, host_python
    from ferryman.portability.options import PortabilityOptions

    models = {name: target.options for name, target in installed_targets().items()}
    return resolve_project(
        EXAMPLE,
        {**models, "portability": PortabilityOptions},
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


@pytest.fixture(scope="session")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """Return the port of a stand-in for AWS, which runs for all tests of a process."""
    with running_ministack(tmp_path_factory.mktemp("ministack")) as port:
        yield port


@pytest.fixture
def aws_stand_in(ministack: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Let boto3 speak with the stand-in, and return its port."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{ministack}")
    return ministack


_NUMBERS = count(1)


@pytest.fixture
def stack(aws_stand_in: int, request: pytest.FixtureRequest) -> str:
    """Return a name for a stack of this test alone."""
    name = str(request.node.name).replace("_", "-").split("[")[0][5:50].strip("-")
    return f"{name}-{next(_NUMBERS)}"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[tuple[str, str]]]:
    """Record the API calls."""
    with recorded_calls(monkeypatch.setattr) as calls:
        yield calls


@pytest.fixture
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unset the variables by which this shell sets ferryman."""
    for name in [name for name in os.environ if name.startswith("FERRYMAN_")]:
        monkeypatch.delenv(name)
