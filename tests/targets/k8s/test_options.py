from __future__ import annotations

from pathlib import Path

import pytest

from ferryman.core.build.resolution import resolve_project
from ferryman.core.errors import ConfigError
from ferryman.targets.k8s.options import KubernetesOptions


def resolve(root: Path, section: str) -> KubernetesOptions:
    (root / "pyproject.toml").write_text(f"[tool.ferryman.k8s]\n{section}\n", encoding="utf-8")
    project = resolve_project(root, {"k8s": KubernetesOptions})
    return project.section("k8s", KubernetesOptions)


def test_every_key_has_a_default_and_a_description() -> None:
    KubernetesOptions()
    assert all(field.description for field in KubernetesOptions.model_fields.values())


@pytest.mark.parametrize(
    ("section", "key", "value"),
    [
        ('image = "shop:2"', "image", "shop:2"),
        ("cpu = 1", "cpu", "1"),
        ("cpu = 0.5", "cpu", "0.5"),
        ('cpu = "2"\ncpu_limit = "2000m"', "cpu_limit", "2000m"),
        ('secrets = ["a", "b"]', "secrets", ("a", "b")),
        ('kube_version = "1.30"', "kube_version", "1.30"),
    ],
)
def test_what_a_project_may_say(tmp_path: Path, section: str, key: str, value: object) -> None:
    assert getattr(resolve(tmp_path, section), key) == value


@pytest.mark.parametrize(
    ("section", "key", "advice"),
    [
        ('image = "shop:latest"', "image", "write shop:1.2.3"),
        ('image = "shop"', "image", "write shop:1.2.3"),
        ("memory = 512", "memory", "write 512Mi"),
        ('memory = "512"', "memory", "write 512Mi"),
        ('cpu = "250Mi"', "cpu", "250m"),
        ("cpu = true", "cpu", "250m"),
        ("replicas = 0", "replicas", "greater than or equal to 1"),
        ('namespace = "Web"', "namespace", "lower-case"),
        ('secrets = ["DB_PASSWORD=x"]', "secrets", "never written here"),
        ('kube_version = "1.29"', "kube_version", "1.30 or newer"),
        ('kube_version = "1.37.2"', "kube_version", "major.minor"),
        ('kube_version = "latest"', "kube_version", "major.minor"),
        ("kube_version = 1.3", "kube_version", "string"),
        ('cpu = "2"\ncpu_limit = "500m"', "k8s", "cpu_limit 500m is less than cpu 2"),
    ],
)
def test_what_a_project_may_not_say(tmp_path: Path, section: str, key: str, advice: str) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(tmp_path, section)
    assert key in caught.value.message
    assert advice in str(caught.value)


@pytest.mark.parametrize("environment", [{"A-B": "x"}, {"A": 1}])
def test_environment_holds_names_and_texts(environment: object) -> None:
    with pytest.raises(ValueError, match="environment"):
        KubernetesOptions.model_validate({"environment": environment})
