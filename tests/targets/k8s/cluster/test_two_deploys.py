"""Two deploys of one project at the same time, and what another does to it meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ferryman.core.errors import FerrymanError
from ferryman.targets.k8s.cluster.kinds import LEASE
from ferryman.targets.k8s.cluster.planned import DeployOptions
from ferryman.targets.k8s.cluster.rollout import SupersededError

Open = Callable[..., Any]  # operations that plan and apply in one

WISHES = DeployOptions(timeout=60, rollback_on_failure=True)
KEY = (LEASE.version, LEASE.plural, "ferryman-shop")


def no(_: str) -> bool:
    return False


def lease(fake: Any, age: float) -> None:
    """Put the lease of another deploy there, last renewed some seconds ago."""
    renewed = (datetime.now(UTC) - timedelta(seconds=age)).isoformat().replace("+00:00", "Z")
    spec = {"holderIdentity": "alice at ci", "leaseDurationSeconds": 60, "renewTime": renewed}
    metadata = {"name": "ferryman-shop", "resourceVersion": "7"}
    fake.objects[KEY] = {"metadata": metadata, "spec": {**spec, "acquireTime": renewed}}


def test_a_second_deploy_is_refused_with_the_name_of_the_first(operations: Open, fake: Any) -> None:
    lease(fake, age=5)
    with pytest.raises(FerrymanError) as caught:
        operations().deploy(WISHES, no)
    assert caught.value.message == "alice at ci is deploying the project"
    assert "expires in 5" in str(caught.value.cause)
    assert fake.get("Deployment", "shop") is None
    assert fake.names("ConfigMap") == set()


def test_the_lease_of_a_deploy_that_was_killed_runs_out(operations: Open, fake: Any) -> None:
    lease(fake, age=61)
    operations().deploy(WISHES, no)
    assert fake.names("Lease") == set()


def test_a_deploy_holds_the_lease_until_its_end(operations: Open, fake: Any) -> None:
    seen: list[Any] = []
    fake.behaviour = lambda _: "start"

    def look() -> None:
        seen.append(fake.objects[KEY]["spec"]["holderIdentity"])
        fake.become(fake.get("Deployment", "shop"), "good")

    fake.steps = [look]
    operations().deploy(WISHES, no)
    assert "process" in seen[0]
    assert fake.names("Lease") == set()


def test_a_deploy_that_changes_nothing_holds_none(operations: Open, fake: Any) -> None:
    operations().deploy(WISHES, no)
    lease(fake, age=5)
    operations().deploy(WISHES, no)


def test_without_a_right_to_leases_it_is_said_and_done(operations: Open, fake: Any) -> None:
    fake.forbidden = {("create", "leases")}
    told: list[str] = []
    operations(told.append).deploy(WISHES, no)
    assert any("you may not create leases" in line for line in told)
    assert fake.names("Deployment") == {"shop"}


def test_a_plan_that_another_deploy_overtook_is_not_applied(operations: Open, fake: Any) -> None:
    operations(image="shop:1").deploy(WISHES, no)
    mine = operations(image="shop:2")
    planned = mine.plan()
    operations(image="shop:3").deploy(WISHES, no)
    with pytest.raises(FerrymanError, match="another deploy has created release 2 in the meantime"):
        mine.apply(planned, WISHES, no)
    (container,) = fake.get("Deployment", "shop")["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "shop:3"


def test_pods_that_another_changed_are_not_blamed_nor_rolled_back(
    operations: Open, fake: Any, open_cluster: Any
) -> None:
    operations(image="shop:1").deploy(WISHES, no)
    fake.behaviour = lambda _: "start"

    def meddle() -> None:
        container = {"name": "shop", "image": "other:9"}
        document = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "shop"},
            "spec": {"template": {"spec": {"containers": [container]}}},
        }
        fake.behaviour = lambda _: "crash"
        open_cluster().apply(document, dry_run=False, force=True, manager="alice")

    planned = operations(image="shop:2").plan()
    deploying = operations(image="shop:2")
    looks: list[None] = []
    cluster = deploying._cluster
    wait = cluster.wait_for_change

    def wait_and_meddle(*arguments: Any) -> None:
        if not looks:
            looks.append(None)
            meddle()
        wait(*arguments)

    cluster.wait_for_change = wait_and_meddle
    with pytest.raises(SupersededError) as caught:
        deploying.apply(planned, WISHES, no)
    assert "was changed by somebody else" in caught.value.message
    (container,) = fake.get("Deployment", "shop")["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "other:9", "what is another's is left alone"


def test_an_autoscaler_that_scales_meanwhile_is_no_other_deploy(
    operations: Open, fake: Any
) -> None:
    fake.behaviour = lambda _: "start"

    def scale() -> None:
        deployment = fake.get("Deployment", "shop")
        deployment["spec"]["replicas"] = 3
        deployment["metadata"]["generation"] += 1
        fake.become(deployment, "good")

    fake.steps = [scale]
    operations().deploy(WISHES, no)
    assert operations().status().good
