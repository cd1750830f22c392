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
    fake.forbidden = {("list", "deployments")}
    error = run("diff").exception
    assert isinstance(error, FerrymanError)
    assert error.exit_code == 2
    assert "you may not list deployments.apps" in error.message


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
    assert "? No: there is no terminal to ask on. Pass --yes." in kept.stderr
    assert kept.return_value == 1
    assert fake.names("Deployment") == {"shop"}
    gone = run("delete", "--yes", "--json")
    assert gone.return_value == 0
    assert "Deployment" in {change["kind"] for change in json.loads(gone.stdout)}
    assert fake.objects.keys() <= {k for k in fake.objects if k[1] in ("pods", "replicasets")}


def test_status_as_json_and_in_words(run: Run, fake: Any) -> None:
    run("deploy")
    data = json.loads(run("status", "--json").stdout)
    assert data["good"] is True
    (release,) = data["releases"]
    assert (release["id"], release["version"], release["artifact"]) == ("1", "1", "shop:1")
    fake.become(fake.get("Deployment", "shop"), "pull")
    shown = run("status")
    assert shown.return_value == 1
    assert shown.stdout.startswith("not good: ")
    assert "cannot be pulled" in shown.stdout
    assert "* release 1  1  shop:1@sha256:5555" in shown.stdout


def test_logs_bear_the_name_of_their_pod(run: Run, fake: Any) -> None:
    run("deploy")
    one, _ = sorted(fake.names("Pod"))
    fake.logs = {one: "a\nb\n"}
    assert run("logs").stdout == f"{one}  a\n{one}  b\n"
    fake.logs = {}
    assert "the logs are empty" in run("logs").stderr


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
    back = run("rollback").stdout
    assert back.startswith("release 3  1  shop:1")
    assert "good  restores 1" in back
    assert json.loads(run("rollback", "--json", "--dry-run").stdout)["release"]["id"] == "2"
    assert run("rollback", "--dry-run").stdout.endswith("(dry run)\n")


def test_a_namespace_and_a_context_can_be_named(run: Run, fake: Any) -> None:
    fake.namespaces.add("web")
    run("deploy", "-n", "web", "--no-wait")
    assert all("/namespaces/web/" in path for _, path in fake.changes())
    error = run("status", "--context", "late").exception
    assert isinstance(error, ConfigError)
    assert error.message == "the cluster does not know you"


def test_ctrl_c_says_what_stays_and_how_to_go_on(
    run: Run, fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("ferryman.targets.k8s.cluster.api.Cluster.wait_for_change", interrupt)
    fake.behaviour = lambda _: "start"
    ended = run("deploy")
    assert "interrupted: the cluster keeps the applied objects" in ended.stderr
    assert fake.names("Lease") == set(), "the next deploy need not wait"


@pytest.mark.parametrize("patience", ["soon", "nan", "inf"])
def test_a_patience_that_is_no_number_of_seconds_is_refused(run: Run, patience: str) -> None:
    error = run("deploy", f"--patience={patience}").exception
    assert isinstance(error, ConfigError)
    assert "--patience" in error.message


def test_check_asks_the_cluster_and_says_what_it_alone_has(
    tmp_path: Path, run: Run, fake: Any, refuse: Any
) -> None:
    denied = 'admission webhook "policy.example.com" denied the request: no ClusterIP here'
    refuse("PATCH", "/services/shop", 403, denied, times=9)
    assert run("check").return_value == 0
    asked = run("check", "--server")
    assert asked.return_value == 1
    (line,) = asked.stdout.splitlines()
    assert "K009 Service/shop" in line
    assert "only the cluster says: no ClusterIP here" in line
    assert fake.objects == {}
    settings = (tmp_path / "pyproject.toml").read_text("utf-8")
    (tmp_path / "pyproject.toml").write_text(
        settings + '[tool.ferryman.k8s]\npatch = "patch.yaml"\n', "utf-8"
    )
    (tmp_path / "patch.yaml").write_text("kind: Service\nspec: {type: nodeport}\n", "utf-8")
    (line,) = run("check", "--server").stdout.splitlines()
    assert "K003 Service/shop" in line, "what is known here is not told twice"
