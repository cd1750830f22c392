"""The Role that `ferryman policy` prints: with it each verb works, and each right is used."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

Run = Callable[..., Result]

SETTINGS = """
[project]
name = "shop"
version = "1"
[tool.ferryman]
app = "shop:app"
[tool.ferryman.k8s]
environment = {A = "1"}
hosts = ["a.example.com"]
gateway = "public"
"""


@pytest.fixture
def run(tmp_path: Path, fake: Any) -> Run:
    (tmp_path / "pyproject.toml").write_text(SETTINGS, "utf-8")

    def run(verb: str, *arguments: str) -> Result:
        command = importlib.import_module(f"ferryman.cli.{verb}").command
        words = ["-t", "k8s", "-C", str(tmp_path), *arguments]
        return CliRunner().invoke(command, words, standalone_mode=False)

    return run


def rights(role: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def role_for(run: Run, *arguments: str) -> dict[str, Any]:
    printed = run("policy", *arguments)
    assert printed.exception is None, printed.exception
    role: dict[str, Any] = json.loads(printed.stdout)
    assert (role["kind"], role["metadata"]["name"]) == ("Role", "ferryman-shop")
    return role


def refused_foreigners(run: Run, fake: Any) -> None:
    """Meet an object of each name that is another's: it is looked at, and refused."""
    held = dict(fake.objects)
    for key in [k for k in held if k[1] not in ("leases", "pods", "replicasets", "events")]:
        fake.objects.clear()
        foreign = {**held[key], "metadata": {"name": key[2], "resourceVersion": "1"}}
        fake.objects[key] = foreign
        if "-release-" not in key[2]:
            assert "is not this project's" in str(run("deploy").exception)
    fake.objects.clear()
    fake.objects.update(held)


def test_the_role_is_enough_for_a_deploy_and_holds_no_more(run: Run, fake: Any) -> None:
    fake.role = role_for(run)
    assert run("deploy").exception is None
    refused_foreigners(run, fake)
    fake.behaviour = lambda _: "crash"
    fake.steps = [lambda: None]
    failed = run("deploy", "--set", "version=2", "--timeout", "1", "--rollback-on-failure")
    assert "release 1 is back" in str(failed.exception) or "failed" in str(failed.exception)
    fake.behaviour = lambda _: "good"
    lease = {
        "holderIdentity": "dead",
        "leaseDurationSeconds": 1,
        "renewTime": "2020-01-01T00:00:00Z",
    }
    fake.objects["coordination.k8s.io/v1", "leases", "ferryman-shop"] = {
        "metadata": {"name": "ferryman-shop", "resourceVersion": "1"},
        "spec": lease,
    }
    assert run("deploy", "--set", "version=3").exception is None
    deleted = {right for right in rights(fake.role) if right[2] == "delete"}
    assert rights(fake.role) - fake.used <= deleted, "only what is left over needs deleting"


def test_without_waiting_less_is_needed(run: Run, fake: Any) -> None:
    fake.role = role_for(run, "--no-wait")
    assert not {r for _, r, _ in rights(fake.role)} & {"pods", "pods/log", "events", "replicasets"}
    assert run("deploy", "--no-wait").exception is None


@pytest.mark.parametrize("verb", ["diff", "status", "logs", "rollback", "delete"])
def test_the_role_of_each_verb_is_enough_for_it(run: Run, fake: Any, verb: str) -> None:
    run("deploy")
    run("deploy", "--set", "version=2")
    fake.logs = dict.fromkeys(fake.names("Pod"), "hello")
    fake.role = role_for(run, "--for", verb)
    fake.used.clear()
    ended = run(verb, *(["--yes"] if verb == "delete" else []))
    assert ended.exception is None, ended.exception
    if verb in ("status", "logs"):
        assert {r for r in rights(fake.role) if r[1] != "events"} == fake.used


PROCESSES = """
migrate = "python -m shop.migrate"
process = [
  {name = "worker", command = "python -m shop.worker"},
  {name = "nightly", schedule = "0 3 * * *"},
]
"""


@pytest.mark.parametrize("waiting", [[], ["--no-wait"]])
def test_the_role_follows_the_processes(
    run: Run, fake: Any, tmp_path: Path, waiting: list[str]
) -> None:
    (tmp_path / "pyproject.toml").write_text(SETTINGS + PROCESSES, "utf-8")
    fake.role = role_for(run, *waiting)
    granted = rights(fake.role)
    assert {("batch", "jobs", "watch"), ("batch", "cronjobs", "patch")} <= granted
    assert (("apps", "replicasets", "list") in granted) is not bool(waiting)
    assert run("deploy", *waiting).exception is None
    fake.migration = lambda _: "crash"
    fake.logs = {"shop-migrate-2-x": "no such table"}
    failed = run("deploy", "--set", "version=2", *waiting).exception
    assert "no such table" in str(failed), failed
    fake.migration = lambda _: "good"
    assert run("deploy", "--set", "version=3", *waiting).exception is None


def test_the_role_grants_nothing_that_a_namespaces_editor_has_not(run: Run) -> None:
    """The built-in role `edit` of Kubernetes 1.36, less the kinds that the Gateway API brings."""
    groups = {"", "apps", "networking.k8s.io", "policy", "autoscaling", "coordination.k8s.io"}
    for group, resource, verb in rights(role_for(run)):
        assert group in {*groups, "gateway.networking.k8s.io"}
        assert resource not in ("secrets", "roles", "rolebindings")
        assert verb != "*"


def test_kinds_that_a_project_has_never_had_are_not_asked_for(run: Run, fake: Any) -> None:
    run("deploy")
    asked = {
        path.split("/namespaces/default/")[1].split("/")[0]
        for _, path, _ in fake.requests
        if "/namespaces/" in path
    }
    assert not asked & {"ingresses", "servicemonitors", "horizontalpodautoscalers"}
    assert not any("knative" in path for _, path, _ in fake.requests)


def test_a_kind_that_the_project_had_is_asked_for_until_it_has_gone(
    run: Run, fake: Any, tmp_path: Path
) -> None:
    run("deploy")
    without = SETTINGS.replace('hosts = ["a.example.com"]\ngateway = "public"', "")
    (tmp_path / "pyproject.toml").write_text(without, "utf-8")
    assert run("deploy", "--yes").exception is None
    assert fake.names("HTTPRoute") == set()
    fake.forbidden = {("list", "httproutes")}
    told = run("deploy", "--set", "version=2")
    assert told.exception is None
    assert "you may not list httproutes" in told.stderr
