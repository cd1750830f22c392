"""Two environments of a project, in one namespace."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

Run = Callable[..., Result]

SETTINGS = """
[tool.ferryman]
app = "shop:app"
name = "shop"
[tool.ferryman.k8s]
migrate = "python -m shop.migrate"
patch = "patch.yaml"
environment = {A = "1"}
[[tool.ferryman.k8s.process]]
name = "worker"
command = "python -m shop.worker"
[tool.ferryman.env.prod.k8s]
[tool.ferryman.env.staging.k8s]
instance = "shop-staging"
[tool.ferryman.env.other.k8s]
"""
PATCH = """
kind: Deployment
spec:
  template:
    spec: {containers: [{name: shop, stdin: true}]}
"""


@pytest.fixture
def run(tmp_path: Path, fake: Any) -> Run:
    (tmp_path / "pyproject.toml").write_text(SETTINGS, "utf-8")
    (tmp_path / "patch.yaml").write_text(PATCH, "utf-8")

    def run(verb: str, *arguments: str) -> Result:
        command = importlib.import_module(f"ferryman.cli.{verb}").command
        words = ["-t", "k8s", "-C", str(tmp_path), *arguments]
        return CliRunner().invoke(command, words, standalone_mode=False)

    return run


def test_each_has_its_own_objects_releases_and_end(run: Run, fake: Any) -> None:
    for name in ("prod", "staging"):
        assert run("deploy", "--env", name, "--yes").exception is None
    for name in ("prod", "staging"):
        assert run("diff", "--env", name).return_value == 0
        assert run("status", "--env", name).return_value == 0
    assert fake.names("Deployment") == {
        *("shop", "shop-worker", "shop-staging", "shop-staging-worker")
    }
    assert {"shop-release-1", "shop-staging-release-1"} <= fake.names("ConfigMap")
    assert run("delete", "--env", "staging", "--yes").exception is None
    assert fake.names("Deployment") == {"shop", "shop-worker"}
    assert fake.names("Job") == {"shop-migrate-1"}
    assert run("diff", "--env", "prod").return_value == 0


def test_a_service_leads_to_the_pods_of_its_environment_alone(run: Run, fake: Any) -> None:
    for name in ("prod", "staging"):
        run("deploy", "--env", name)
    for name in ("shop", "shop-staging"):
        chosen = fake.get("Service", name)["spec"]["selector"].items()
        found = [
            deployment
            for deployment in fake.names("Deployment")
            if chosen
            <= fake.get("Deployment", deployment)["spec"]["template"]["metadata"]["labels"].items()
        ]
        assert found == [name]
        (container,) = fake.get("Deployment", name)["spec"]["template"]["spec"]["containers"]
        assert (container["name"], container["image"]) == ("shop", "shop:0.0.0")
        assert container["stdin"] is True


def test_one_does_not_take_the_place_of_another(run: Run, fake: Any) -> None:
    assert run("deploy", "--env", "prod").exception is None
    before = dict(fake.objects)
    for verb in ("deploy", "diff", "rollback", "delete"):
        refused = str(run(verb, "--env", "other").exception)
        assert "shop in the namespace default was deployed with --env prod" in refused
        assert "`instance`" in refused
    assert "the project without --env" in str(run("deploy").exception)
    assert fake.objects == before
    assert run("deploy", "--env", "other", "--adopt").exception is None
    assert run("diff", "--env", "other").return_value == 0
