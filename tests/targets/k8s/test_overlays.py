"""A build's overlays: an environment is the base, and what it has otherwise."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from ferryman.core.errors import ConfigError
from ferryman.project.project import Project
from ferryman.project.resolution import resolve_project
from ferryman.targets.k8s.target import KubernetesTarget
from ferryman.targets.registry import installed_targets

PYPROJECT = """
[project]
name = "shop"
version = "1.2.3"
[tool.ferryman]
app = "shop:app"
[tool.ferryman.k8s.environment]
GREETING = "hello"
[tool.ferryman.env.staging.k8s]
cpu = "100m"
[tool.ferryman.env.prod.k8s]
namespace = "prod"
replicas = 3
max_replicas = 10
hosts = ["shop.example.com"]
gateway = "infra/public"
egress = ["10.0.0.0/8:5432"]
[tool.ferryman.env.prod.k8s.environment]
GREETING = "good day"
"""


def resolve(root: Path, overlay: str | None = None, **flags: str) -> Project:
    (root / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    sections = {name: target.options for name, target in installed_targets().items()}
    return resolve_project(root, sections, flags=flags, overlay=overlay)


def build(project: Project) -> Path:
    out = project.root / "dist" / "k8s"
    KubernetesTarget().build(project, out, lambda _: None)
    return out


def kustomize(directory: Path) -> dict[str, Any]:
    command = ["kubectl", "kustomize", str(directory)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {document["kind"]: document for document in yaml.safe_load_all(text)}


def test_each_environment_has_an_overlay_with_what_it_adds(tmp_path: Path) -> None:
    overlays = build(resolve(tmp_path)) / "overlays"
    assert sorted(path.name for path in overlays.iterdir()) == ["prod", "staging"]
    assert sorted(path.name for path in (overlays / "prod").iterdir()) == [
        "config-map.yaml",
        "horizontal-pod-autoscaler.yaml",
        "http-route.yaml",
        "kustomization.yaml",
    ]
    assert [path.name for path in (overlays / "staging").iterdir()] == ["kustomization.yaml"]


def test_an_overlay_says_what_it_changes_and_no_more(tmp_path: Path) -> None:
    file = build(resolve(tmp_path)) / "overlays" / "staging" / "kustomization.yaml"
    kustomization = yaml.safe_load(file.read_text("utf-8"))
    (patch,) = kustomization["patches"]
    assert patch["target"]["kind"] == "Deployment"
    (step,) = yaml.safe_load(patch["patch"])
    assert step["path"].endswith("/containers/0/resources/requests/cpu")
    assert step["value"] == "100m"


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
@pytest.mark.parametrize("name", ["prod", "staging"])
def test_kubectl_makes_of_an_overlay_what_the_environment_says(tmp_path: Path, name: str) -> None:
    made = kustomize(build(resolve(tmp_path)) / "overlays" / name)
    text = KubernetesTarget().render(resolve(tmp_path, overlay=name), lambda _: None)
    wanted = {document["kind"]: document for document in yaml.safe_load_all(text)}
    assert made == wanted


@pytest.mark.skipif(not shutil.which("kubectl"), reason="kubectl is not installed")
def test_what_a_flag_said_counts_in_every_environment(tmp_path: Path) -> None:
    flags = {"k8s.image": "shop:flag", "k8s.secrets": '["a"]'}
    out = build(resolve(tmp_path, **flags))
    for directory in (out, out / "overlays" / "prod"):
        (container,) = kustomize(directory)["Deployment"]["spec"]["template"]["spec"]["containers"]
        assert container["image"] == "shop:flag"
        assert container["envFrom"][0] == {"secretRef": {"name": "a"}}


def test_a_mistake_in_an_environment_is_told_by_any_build(tmp_path: Path) -> None:
    project = resolve(tmp_path)
    text = PYPROJECT.replace('namespace = "prod"', 'kube_version = "1.99"')
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"env\.prod\.k8s\] kube_version: there are no schemas"):
        KubernetesTarget().build(project, tmp_path / "out", lambda _: None)
    assert not (tmp_path / "out").exists()
