"""A migration that runs first, and workers that are watched, on a cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ferryman.targets.k8s.cluster.planned import DeployOptions
from ferryman.targets.k8s.cluster.rollout import RolloutError

Open = Callable[..., Any]

WISHES = DeployOptions(timeout=60, patience=0)
MIGRATE = {"migrate": "python -m shop.migrate"}
WORKER = {"process": [{"name": "worker", "command": "python -m shop.worker", "replicas": 1}]}


def yes(_: str) -> bool:
    return True


def image(fake: Any) -> str:
    (container,) = fake.get("Deployment", "shop")["spec"]["template"]["spec"]["containers"]
    return str(container["image"])


def test_a_migration_ends_well_before_any_pod_is_changed(operations: Open, fake: Any) -> None:
    ended: list[bool] = []

    def running(job: Any) -> str:
        ended.append(fake.get("Deployment", "shop") is None)
        fake.steps = [lambda: fake.migrate_ends(job, "good")]
        return "running"

    fake.migration = running
    changes = operations(**MIGRATE, **WORKER, environment={"A": "1"}).deploy(WISHES, yes)
    assert str(changes[0]) == "create Job/shop-migrate-1"
    assert ended == [True]
    made = [path.rpartition("/")[2] for method, path in fake.changes() if method == "PATCH"]
    first = made.index("shop-migrate-1")
    assert made.index("shop-worker") > first
    assert any(name.startswith("shop-") and len(name) == 15 for name in made[:first]), made


def test_a_release_that_changes_nothing_migrates_nothing(operations: Open, fake: Any) -> None:
    operations(**MIGRATE).deploy(WISHES, yes)
    fake.requests.clear()
    assert operations(**MIGRATE).deploy(WISHES, yes) == []
    assert fake.changes() == []
    operations(**MIGRATE, image="shop:2").deploy(WISHES, yes)
    assert fake.names("Job") == {"shop-migrate-1", "shop-migrate-2"}


@pytest.mark.parametrize("back", [False, True])
def test_a_migration_that_fails_leaves_the_old_pods(
    operations: Open, fake: Any, back: bool
) -> None:
    operations(**MIGRATE, image="shop:1").deploy(WISHES, yes)
    fake.migration = lambda _: "crash"
    fake.logs = {"shop-migrate-2-x": "no such table: cards\n"}
    options = replace(WISHES, rollback_on_failure=back)
    with pytest.raises(RolloutError) as caught:
        operations(**MIGRATE, image="shop:2").deploy(options, yes)
    assert "the migration shop-migrate-2 failed" in caught.value.message
    assert "no such table: cards" in str(caught.value.cause)
    assert image(fake) == "shop:1"
    verdicts = [r.verdict for r in operations(**MIGRATE).status().releases]
    assert verdicts == (["good", "failed", "good"] if back else ["failed", "good"])


def test_an_image_that_cannot_be_pulled_ends_the_wait(operations: Open, fake: Any) -> None:
    fake.migration = lambda _: "pull"
    with pytest.raises(RolloutError, match="have not recovered"):
        operations(**MIGRATE).deploy(WISHES, yes)
    assert fake.get("Deployment", "shop") is None


def test_a_migration_is_awaited_where_the_rollout_is_not(operations: Open, fake: Any) -> None:
    fake.migration = lambda _: "crash"
    with pytest.raises(RolloutError):
        operations(**MIGRATE).deploy(replace(WISHES, wait=False), yes)
    assert fake.get("Deployment", "shop") is None


def test_going_back_migrates_nothing_and_deletes_no_job(operations: Open, fake: Any) -> None:
    for number in (1, 2):
        operations(**MIGRATE, image=f"shop:{number}").deploy(WISHES, yes)
    operations(**MIGRATE).back(None, WISHES)
    assert image(fake) == "shop:1"
    assert fake.names("Job") == {"shop-migrate-1", "shop-migrate-2"}
    operations(**MIGRATE).delete(dry_run=False, ask=yes)
    assert fake.names("Job") == set()


def test_a_worker_that_crashes_fails_the_release(operations: Open, fake: Any) -> None:
    fake.behaviour = lambda d: "crash" if d["metadata"]["name"] == "shop-worker" else "good"
    with pytest.raises(RolloutError, match="the release of shop-worker failed"):
        operations(**WORKER).deploy(WISHES, yes)
    seen = operations(**WORKER).status()
    assert not seen.good
    assert "shop-worker: 1 of 1 pods are new, 0 available" in seen.summary
    assert any("shop-worker" in trouble for trouble in seen.troubles)


def test_a_worker_that_has_left_the_project_is_deleted(operations: Open, fake: Any) -> None:
    operations(**WORKER).deploy(WISHES, yes)
    assert operations(**WORKER).status().summary.count("1 available") == 1
    operations().deploy(WISHES, yes)
    assert fake.names("Deployment") == {"shop"}
    assert fake.names("NetworkPolicy") == {"shop"}


def test_the_logs_of_a_process(operations: Open, fake: Any) -> None:
    operations(**WORKER, **MIGRATE).deploy(WISHES, yes)
    fake.logs = dict.fromkeys(fake.names("Pod"), "hello")
    opened = operations(**WORKER)
    (worker,) = opened.observer.logs(lines=3, previous=False, process="worker")
    assert worker.startswith("shop-worker-")
    assert set(opened.observer.logs(lines=3, previous=False, process="migrate")) == {
        "shop-migrate-1-x"
    }
    assert len(opened.observer.logs(lines=3, previous=False)) == 2
