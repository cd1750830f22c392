"""The verbs, as a user types them, against a cluster that answers."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from ferryman.core.errors import ConfigError, FerrymanError

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, fake: Any) -> Run:
    """Run a verb on the project shop, and return how it went."""
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "shop"\nversion = "1"\n[tool.ferryman]\napp = "shop:app"\n', "utf-8"
    )

    def run(verb: str, *arguments: str) -> Result:
        command = importlib.import_module(f"ferryman.cli.{verb}").command
        words = ["-t", "k8s", "-C", str(tmp_path), *arguments]
        return CliRunner().invoke(command, words, standalone_mode=False)

    return run


def test_diff_ends_with_1_then_deploy_then_with_0(run: Run) -> None:
    before = run("diff")
    assert before.return_value == 1
    assert "create Deployment/shop" in before.stdout
    deployed = run("deploy")
    assert deployed.exception is None
    assert "create Deployment/shop" in deployed.stderr
    assert "2 of 2 pods are new, 2 available, 2 ready" in deployed.stderr
    after = run("diff")
    assert (after.return_value, after.stdout) == (0, "")
    assert "nothing to change" in run("deploy").stderr


def test_diff_ends_with_2_where_it_cannot_be_told(run: Run, fake: Any) -> None:
    fake.forbidden = {("get", "deployments")}
    error = run("diff").exception
    assert isinstance(error, FerrymanError)
    assert error.exit_code == 2
    assert "you may not get deployments.apps" in error.message


def test_diff_names_who_owns_what_would_change(run: Run, fake: Any) -> None:
    run("deploy")
    key = ("apps/v1", "deployments", "shop")
    path = ("f:spec", "f:revisionHistoryLimit")
    fake.owners[key]["alice"] = {path}
    fake.objects[key]["spec"]["revisionHistoryLimit"] = 9
    shown = run("diff")
    assert "-  revisionHistoryLimit: 9" in shown.stdout
    assert "spec.revisionHistoryLimit is alice's" in shown.stderr


def test_a_dry_run_prints_what_would_be_done(run: Run, fake: Any) -> None:
    printed = run("deploy", "--dry-run").stdout.splitlines()
    assert "create Deployment/shop (dry run)" in printed
    assert fake.changes() == []


def test_nothing_is_deleted_where_nobody_can_be_asked(run: Run, fake: Any) -> None:
    run("deploy")
    kept = run("delete")
    assert "kept, for nobody can be asked (--yes deletes): delete" in kept.stderr
    assert fake.names("Deployment") == {"shop"}
    run("delete", "--yes")
    assert fake.names("Deployment") == set()


def test_status_as_json_and_in_words(run: Run, fake: Any) -> None:
    run("deploy")
    data = json.loads(run("status", "--json").stdout)
    assert data["good"] is True
    assert data["releases"] == [{"revision": 1, "version": "1", "image": "shop:1"}]
    fake.become(fake.get("Deployment", "shop"), "pull")
    shown = run("status")
    assert shown.return_value == 1
    assert shown.stdout.startswith("not good: ")
    assert "cannot be pulled" in shown.stdout
    assert "* release 1  1  shop:1" in shown.stdout


def test_logs_bear_the_name_of_their_pod(run: Run, fake: Any) -> None:
    run("deploy")
    one, _ = sorted(fake.names("Pod"))
    fake.logs = {one: "a\nb\n"}
    assert run("logs").stdout == f"{one}  a\n{one}  b\n"
    fake.logs = {}
    assert "nothing was written by" in run("logs").stderr


def test_logs_are_followed_until_the_pods_end(run: Run, fake: Any) -> None:
    run("deploy")
    one, two = sorted(fake.names("Pod"))
    fake.logs = {one: "a\nb\n", two: "c"}
    followed = run("logs", "--follow").stdout.splitlines()
    assert sorted(followed) == [f"{one}  a", f"{one}  b", f"{two}  c"]
    assert isinstance(run("logs", "-f", "--previous").exception, ConfigError)


def test_logs_that_may_not_be_read_are_an_error(run: Run, fake: Any, refuse: Any) -> None:
    run("deploy")
    refuse("GET", "/log$", 403, "pods/log is forbidden", times=9)
    error = run("logs", "--follow").exception
    assert isinstance(error, FerrymanError)
    assert error.cause == "pods/log is forbidden"


def test_a_diff_as_json(run: Run) -> None:
    changes = json.loads(run("diff", "--json").stdout)
    assert {"action": "create", "kind": "Service", "name": "shop"}.items() <= changes[2].items()
    assert changes[2]["diff"][:2] == ["--- live Service/shop", "+++ new Service/shop"]


def test_rollback_prints_the_release_that_it_went_back_to(run: Run) -> None:
    run("deploy")
    run("deploy", "--set", "version=2")
    assert run("rollback").stdout == "release 1  1  shop:1\n"
    assert run("rollback", "--dry-run").stdout.endswith("(dry run)\n")


def test_a_namespace_and_a_context_can_be_named(run: Run, fake: Any) -> None:
    fake.namespaces.add("web")
    run("deploy", "-n", "web", "--no-wait")
    assert all("/namespaces/web/" in path for _, path in fake.changes())
    error = run("status", "--context", "late").exception
    assert isinstance(error, ConfigError)
    assert error.message == "the cluster does not know you"


@pytest.mark.parametrize("verb", ["diff", "deploy", "status", "logs", "rollback", "delete"])
def test_a_target_without_a_cluster_is_refused(run: Run, verb: str) -> None:
    error = run(verb, "-t", "server").exception
    assert isinstance(error, ConfigError)
    assert "-t k8s" in str(error.hint)
