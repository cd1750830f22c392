"""Going back to an older release, by hand and on failure; status and logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.targets.k8s.cluster.operations import DeployWishes, Operations
from ferryman.targets.k8s.cluster.rollout import RolloutError

Open = Callable[..., Operations]

WISHES = DeployWishes(timeout=60)


def no(_: str) -> bool:
    return False


def image(fake: Any) -> str:
    (container,) = fake.get("Deployment", "shop")["spec"]["template"]["spec"]["containers"]
    return str(container["image"])


@pytest.fixture
def three(operations: Open) -> Open:
    """Deploy three releases."""
    for number in (1, 2, 3):
        wanted = {"image": f"shop:{number}", "environment": {"N": str(number)}}
        operations(**wanted).deploy(WISHES, no)
    return operations


def test_going_back_brings_the_release_before(three: Open, fake: Any) -> None:
    assert three().rollback(None, WISHES).image == "shop:2"
    assert image(fake) == "shop:2"
    assert three(image="shop:2", environment={"N": "2"}).diff() == []


def test_going_back_to_a_number(three: Open, fake: Any) -> None:
    assert three().rollback(1, WISHES).number == 1
    assert image(fake) == "shop:1"


def test_a_number_that_there_is_not(three: Open) -> None:
    with pytest.raises(ConfigError) as caught:
        three().rollback(9, WISHES)
    assert caught.value.cause == "the releases are 3, 2, 1"


def test_a_dry_run_goes_nowhere(three: Open, fake: Any) -> None:
    fake.requests.clear()
    assert three().rollback(None, DeployWishes(dry_run=True)).image == "shop:2"
    assert fake.changes() == []
    assert image(fake) == "shop:3"


def test_there_must_be_something_to_go_back_to(operations: Open) -> None:
    with pytest.raises(FerrymanError, match="shop is not in the namespace default"):
        operations().rollback(None, WISHES)
    operations().deploy(WISHES, no)
    with pytest.raises(FerrymanError, match="there is no release to go back to"):
        operations().rollback(None, WISHES)


def test_an_autoscalers_number_of_pods_is_left_alone(operations: Open, fake: Any) -> None:
    for number in (1, 2):
        operations(image=f"shop:{number}", max_replicas=9).deploy(WISHES, no)
    fake.get("Deployment", "shop")["spec"]["replicas"] = 7
    operations(max_replicas=9).rollback(None, WISHES)
    deployment = fake.get("Deployment", "shop")
    assert deployment["spec"]["replicas"] == 7
    (ours,) = [m for m in deployment["metadata"]["managedFields"] if m["manager"] == "ferryman"]
    assert "f:replicas" not in ours["fieldsV1"]["f:spec"]


def test_a_release_that_fails_goes_back_by_itself(three: Open, fake: Any) -> None:
    fake.behaviour = lambda deployment: "crash" if image(fake) == "shop:4" else "good"
    wishes = DeployWishes(timeout=60, rollback_on_failure=True)
    with pytest.raises(RolloutError) as caught:
        three(image="shop:4").deploy(wishes, no)
    assert "release 3 is back" in caught.value.message
    assert "ended with status 3" in str(caught.value.cause)
    assert image(fake) == "shop:3"


def test_the_pods_of_the_release_before_are_not_held_against_the_next(
    operations: Open, fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.behaviour = lambda _: "crash" if image(fake) == "shop:1" else "good"
    with pytest.raises(RolloutError):
        operations(image="shop:1").deploy(WISHES, no)
    control = fake.control
    monkeypatch.setattr(fake, "control", lambda _: None)
    fake.steps = [lambda: control(fake.get("Deployment", "shop"))]
    operations(image="shop:2").deploy(WISHES, no)
    assert fake.steps == []
    assert operations(image="shop:2").status().good


def test_a_first_release_that_fails_has_nothing_to_go_back_to(operations: Open, fake: Any) -> None:
    fake.behaviour = lambda _: "crash"
    with pytest.raises(RolloutError) as caught:
        operations().deploy(DeployWishes(timeout=60, rollback_on_failure=True), no)
    assert "there was no release to go back to" in str(caught.value.hint)


def test_status_tells_how_it_is_and_which_releases_there_are(three: Open, fake: Any) -> None:
    overview = three().status()
    assert overview.good
    assert overview.line == "2 of 2 pods are new, 2 available, 2 ready"
    assert [(r.number, r.image) for r in overview.revisions] == [
        (3, "shop:3"),
        (2, "shop:2"),
        (1, "shop:1"),
    ]
    fake.become(fake.get("Deployment", "shop"), "pull")
    overview = three().status()
    assert not overview.good
    assert any("cannot be pulled" in trouble for trouble in overview.troubles)


def test_logs_are_those_of_each_pod_of_the_newest_release(three: Open, fake: Any) -> None:
    (one, two) = sorted(fake.names("Pod"))
    fake.logs = {one: "hello\n", two: "good day\n"}
    assert three().logs(lines=5, previous=False) == fake.logs
    query = fake.requests[-1][2]
    assert query["tailLines"] == "5"
    assert "previous" not in query


def test_what_runs_and_is_not_ours_is_not_shown(operations: Open, fake: Any) -> None:
    theirs = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "shop"}}
    fake.objects["apps/v1", "deployments", "shop"] = {
        **theirs,
        "spec": {"selector": {"matchLabels": {"a": "b"}}},
    }
    with pytest.raises(FerrymanError, match="shop is not in the namespace default"):
        operations().status()
