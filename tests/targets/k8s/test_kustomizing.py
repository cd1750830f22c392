"""Checking a directory of kustomizations: each environment as what it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from ferryman.core.build.resolution import resolve_project
from ferryman.core.build.target import installed_targets
from ferryman.core.errors import ConfigError
from ferryman.targets.k8s.checking import check_directory
from ferryman.targets.k8s.target import KubernetesTarget

PYPROJECT = """
[project]
name = "shop"
version = "1.2.3"
[tool.ferryman]
app = "shop:app"
[tool.ferryman.k8s.environment]
GREETING = "hello"
[tool.ferryman.env.prod.k8s]
namespace = "prod"
replicas = 3
max_replicas = 10
hosts = ["shop.example.com"]
gateway = "infra/public"
service_monitor = true
[tool.ferryman.env.prod.k8s.environment]
GREETING = "good day"
[tool.ferryman.env.small.k8s]
replicas = 1
"""


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Return what is built of a project with two environments."""
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    sections = {name: target.options for name, target in installed_targets().items()}
    out = tmp_path / "dist" / "k8s"
    KubernetesTarget().build(resolve_project(tmp_path, sections), out, lambda _: None)
    return out


@pytest.fixture
def edit(built: Path) -> Callable[[str, str, str], Path]:
    """Change a text in a file of the build."""

    def edit(file: str, old: str, new: str) -> Path:
        text = (built / file).read_text("utf-8")
        assert old in text
        (built / file).write_text(text.replace(old, new), encoding="utf-8")
        return built

    return edit


Edit = Callable[[str, str, str], Path]
PROD = "overlays/prod/kustomization.yaml"


@pytest.mark.parametrize("below", ["", "base", "overlays/prod", "overlays/small"])
def test_a_build_with_environments_passes_its_own_check(built: Path, below: str) -> None:
    assert check_directory(built / below) == []


def test_a_mistake_in_an_environment_is_found_in_it_alone(edit: Edit) -> None:
    built = edit(
        "overlays/prod/horizontal-pod-autoscaler.yaml", "minReplicas: 3", "minReplicas: 30"
    )
    (finding,) = check_directory(built)
    assert (finding.code, finding.file) == (
        "K422",
        "overlays/prod/horizontal-pod-autoscaler.yaml",
    )


def test_a_mistake_that_an_environments_patch_makes_names_its_kustomization(edit: Edit) -> None:
    built = edit(PROD, '"value": "prod"', '"value": "Prod"')
    found = check_directory(built)
    assert {(finding.code, finding.file) for finding in found} >= {("K102", PROD)}
    assert not [finding for finding in found if finding.file.startswith("base/")]


def test_a_mistake_in_the_base_is_told_once(edit: Edit) -> None:
    built = edit("base/service-account.yaml", "automountServiceAccountToken", "automount")
    assert [(finding.code, finding.file) for finding in check_directory(built / "base")] == [
        ("K001", "service-account.yaml")
    ]
    found = [finding for finding in check_directory(built) if finding.file.startswith("base/")]
    assert [finding.code for finding in found] == ["K001"]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (PROD, "http-route.yaml", "http-rout.yaml", "there is no file or directory"),
        (PROD, "../../base", "../../bas", "there is no file or directory ../../bas"),
        (PROD, "../../base", "../prod", "it is built upon itself"),
        (PROD, "/spec/replicas", "/spec/replics", "a patch does not fit Deployment/shop"),
        (PROD, "kind: Deployment", "kind: Deploymnet", "there is no such object"),
        ("kustomization.yaml", "- base", "- 5", "resources is not what kustomize takes"),
    ],
)
def test_a_kustomization_that_cannot_be_built_is_an_error(
    edit: Edit, file: str, old: str, new: str, said: str
) -> None:
    built = edit(file, old, new)
    with pytest.raises(ConfigError) as refused:
        check_directory(built)
    assert said in refused.value.message
    assert "kustomization.yaml" in refused.value.message


def test_what_uses_more_than_is_known_is_checked_as_it_stands(edit: Edit, built: Path) -> None:
    edit(PROD, "kind: Kustomization", "kind: Kustomization\nnamePrefix: a-")
    # Of the environment only its own files are seen: the target of its autoscaler is not.
    assert "K421" in {finding.code for finding in check_directory(built)}


def test_a_strategic_patch_and_a_namespace_for_all_are_understood(tmp_path: Path) -> None:
    config = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a"},
        "data": {"x": "1"},
    }
    patch = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": 2}}
    kustomization = {
        "resources": ["a.yaml"],
        "namespace": "Upper",
        "labels": [{"pairs": {"team": "a b"}}],
        "patches": [{"patch": yaml.safe_dump(patch)}],
    }
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    assert check_directory(tmp_path) == []
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization), encoding="utf-8")
    (finding,) = check_directory(tmp_path)
    assert (finding.code, finding.path) == ("K001", "data.x")
    patch["data"] = {"x": "2"}
    kustomization["patches"] = [{"patch": yaml.safe_dump(patch)}]
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization), encoding="utf-8")
    assert {finding.code for finding in check_directory(tmp_path)} == {"K102", "K103"}
