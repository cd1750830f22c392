"""Pods restart where a Secret or ConfigMap that they read has changed."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ferryman.targets.k8s.cluster.planned import DeployOptions

Open = Callable[..., Any]

WISHES = DeployOptions(timeout=60)
OPTIONS = {"secrets": ["db"], "reload": True}
VOLUMES = """
kind: Deployment
spec:
  template:
    spec:
      volumes:
      - {name: a, secret: {secretName: files}}
      - {name: b, projected: {sources: [{configMap: {name: more}}]}}
"""


def yes(_: str) -> bool:
    return True


@pytest.fixture
def secret(fake: Any) -> Callable[..., None]:
    """Make a Secret, or a ConfigMap."""

    def make(value: str, name: str = "db", plural: str = "secrets", uid: str = "u1") -> None:
        metadata = {"name": name, "uid": uid, "resourceVersion": value}
        fake.objects["v1", plural, name] = {"metadata": metadata, "data": {"PASSWORD": value}}

    make("hunter2")
    return make


def digests(fake: Any) -> dict[str, str]:
    template = fake.get("Deployment", "shop")["spec"]["template"]["metadata"]
    found: dict[str, str] = json.loads(template["annotations"]["ferryman.dev/references"])
    return found


def test_a_changed_secret_makes_new_pods_and_an_unchanged_one_none(
    operations: Open, fake: Any, secret: Any
) -> None:
    operations(**OPTIONS).deploy(WISHES, yes)
    assert operations(**OPTIONS).deploy(WISHES, yes) == []
    first = digests(fake)
    secret("two")
    changes = operations(**OPTIONS).deploy(WISHES, yes)
    assert [str(change) for change in changes] == ["change Deployment/shop"]
    assert digests(fake).keys() == first.keys() == {"Secret/db"}
    assert digests(fake) != first
    assert "hunter2" not in json.dumps([fake.get("Deployment", "shop"), first])


def test_a_digest_does_not_tell_the_value(operations: Open, fake: Any, secret: Any) -> None:
    found = set()
    for uid in ("u1", "u2"):
        secret("hunter2", uid=uid)
        operations(**OPTIONS).deploy(WISHES, yes)
        found.add(digests(fake)["Secret/db"])
    assert len(found) == 2, "the same value in another Secret has another digest"


def test_volumes_are_read_too(operations: Open, fake: Any, secret: Any, tmp_path: Path) -> None:
    (tmp_path / "patch.yaml").write_text(VOLUMES, "utf-8")
    secret("x", "files")
    secret("y", "more", "configmaps")
    operations(**OPTIONS, patch="patch.yaml").deploy(WISHES, yes)
    assert digests(fake).keys() == {"Secret/db", "Secret/files", "ConfigMap/more"}


def test_what_may_not_be_read_is_named_and_restarts_nothing(
    operations: Open, fake: Any, secret: Any
) -> None:
    operations(**OPTIONS).deploy(WISHES, yes)
    fake.forbidden = {("get", "secrets")}
    secret("two")
    told: list[str] = []
    assert operations(told.append, **OPTIONS).deploy(WISHES, yes) == []
    assert "note: you may not read Secret/db, so its changes restart no pods" in told


def test_without_the_setting_no_secret_is_read(operations: Open, fake: Any, secret: Any) -> None:
    operations(secrets=["db"]).deploy(WISHES, yes)
    assert not any("/secrets" in path for _, path, _ in fake.requests)


def test_the_role_grants_the_secrets_by_name(fake: Any, tmp_path: Path, secret: Any) -> None:
    settings = '[tool.ferryman]\napp = "shop:app"\nname = "shop"\n[tool.ferryman.k8s]\n'
    settings += 'secrets = ["db"]\nreload = true\npull_secrets = ["registry"]\n'
    (tmp_path / "pyproject.toml").write_text(settings, "utf-8")

    def run(verb: str) -> Any:
        command = importlib.import_module(f"ferryman.cli.{verb}").command
        words = ["-t", "k8s", "-C", str(tmp_path)]
        return CliRunner().invoke(command, words, standalone_mode=False)

    fake.role = json.loads(run("policy").stdout)
    (rule,) = [rule for rule in fake.role["rules"] if "secrets" in rule["resources"]]
    assert (rule["resourceNames"], rule["verbs"]) == (["db"], ["get"])
    told = run("deploy")
    assert told.exception is None
    assert "may not read" not in told.stderr
