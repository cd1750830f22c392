"""What is set aside for a pod where the app was measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.records.test_measurement import figures, measurement

from ferryman.core.errors import ConfigError
from ferryman.project.resolution import resolve_project
from ferryman.records.measurement_file import FILE_NAME, write_measurement
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.k8s.target import KubernetesTarget

Build = Callable[..., dict[str, Any]]


def resources(built: dict[str, Any]) -> dict[str, Any]:
    container = built["deployment.yaml"]["spec"]["template"]["spec"]["containers"][0]
    found: dict[str, Any] = container["resources"]
    return found


@pytest.fixture
def measured(tmp_path: Path) -> Path:
    write_measurement(tmp_path / FILE_NAME, measurement())
    return tmp_path


def test_memory_is_a_quarter_more_than_the_most_that_was_measured(
    measured: Path, build: Build
) -> None:
    found = resources(build())
    assert found["limits"]["memory"] == found["requests"]["memory"] == "112Mi"  # 82 MiB at most
    assert found["requests"]["cpu"] == "250m"


def test_a_setting_is_stronger(measured: Path, build: Build) -> None:
    assert resources(build(memory="300Mi"))["limits"]["memory"] == "300Mi"


def test_without_a_measurement_the_defaults_stand(build: Build) -> None:
    assert resources(build()) == {
        "limits": {"memory": "256Mi"},
        "requests": {"cpu": "250m", "memory": "256Mi"},
    }


def test_cpu_follows_the_rate_that_a_pod_is_to_carry(measured: Path, build: Build) -> None:
    """40 requests a second of 10.5 ms each at most, at 65 % of what is set aside."""
    assert resources(build(pod_rate=40))["requests"]["cpu"] == "650m"


def test_the_build_says_what_was_measured(measured: Path, build: Build) -> None:
    build()
    text = (measured / "dist/k8s/base/kustomization.yaml").read_text()
    assert f"# {FILE_NAME}: memory is 112Mi; the measured peak was 80 MiB\n" in text
    assert f"# {FILE_NAME}: a pod serves 15 requests a second with 65 % of cpu 250m\n" in text


def test_an_environment_has_its_own_rate(measured: Path) -> None:
    (measured / "pyproject.toml").write_text(
        '[project]\nname = "shop"\nversion = "1"\n[tool.ferryman]\napp = "shop:app"\n'
        "[tool.ferryman.k8s]\npod_rate = 20\n[tool.ferryman.env.prod.k8s]\npod_rate = 40\n"
    )
    project = resolve_project(measured, {"k8s": KubernetesOptions})
    KubernetesTarget().build(project, measured / "out", lambda _: None)
    overlay = yaml.safe_load_all((measured / "out/overlays/prod/kustomization.yaml").read_text())
    assert "650m" in str(list(overlay))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pod_rate": 80}, "one pod cannot serve 80 requests a second"),
        ({"pod_rate": 40, "cpu_limit": "500m"}, "cpu_limit 500m is less than the 650m"),
    ],
)
def test_what_a_pod_does_not_carry_is_refused(
    measured: Path, build: Build, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        build(**options)
    assert caught.value.hint


def test_a_rate_needs_a_measurement_of_a_server(tmp_path: Path, build: Build) -> None:
    with pytest.raises(ConfigError, match="the CPU time of a request is unknown") as caught:
        build(pod_rate=40)
    assert FILE_NAME in str(caught.value.cause)
    function_alone = replace(measurement(), targets={"lambda": figures()})
    write_measurement(tmp_path / FILE_NAME, function_alone)
    with pytest.raises(ConfigError) as caught:
        build(pod_rate=40)
    assert "measures no server" in str(caught.value.cause)
    assert resources(build())["requests"]["memory"] == "256Mi"


def test_a_rate_and_cpu_contradict_each_other() -> None:
    with pytest.raises(ValueError, match="pod_rate and cpu are both set"):
        KubernetesOptions(pod_rate=40, cpu="1")


def test_a_broken_measurement_is_named(tmp_path: Path, build: Build) -> None:
    (tmp_path / FILE_NAME).write_text("{")
    with pytest.raises(ConfigError, match=FILE_NAME):
        build()


def test_a_forced_measurement_is_doubted_in_the_manifests(measured: Path, build: Build) -> None:
    doubtful = replace(measurement(), doubts=("the machine was busy",))
    write_measurement(measured / FILE_NAME, doubtful)
    build()
    kustomization = (measured / "dist/k8s/base/kustomization.yaml").read_text()
    assert f"# {FILE_NAME}: the figures are doubtful: the machine was busy" in kustomization
