"""Going back to an older release, by hand and on failure; status and logs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ferryman.core.errors import ConfigError, FerrymanError
from ferryman.targets.k8s.cluster.planned import DeployOptions
from ferryman.targets.k8s.cluster.rollout import RolloutError

Open = Callable[..., Any]  # operations that plan and apply in one

WISHES = DeployOptions(timeout=60)


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
    assert three().back(None, WISHES).image == "shop:2"
    assert image(fake) == "shop:2"
    assert three(image="shop:2", environment={"N": "2"}).diff() == []


def test_going_back_to_a_number(three: Open, fake: Any) -> None:
    assert three().back(1, WISHES).restores == 1
    assert image(fake) == "shop:1"


def test_a_number_that_there_is_not(three: Open) -> None:
    with pytest.raises(ConfigError) as caught:
        three().back(9, WISHES)
    assert caught.value.cause == "the releases are 3 (good), 2 (good), 1 (good)"


def test_a_dry_run_goes_nowhere(three: Open, fake: Any) -> None:
    fake.requests.clear()
    assert three().back(None, DeployOptions(dry_run=True)).image == "shop:2"
    assert fake.changes() == []
    assert image(fake) == "shop:3"


def test_there_must_be_something_to_go_back_to(operations: Open) -> None:
    with pytest.raises(FerrymanError, match="there is no release to go back to"):
        operations().back(None, WISHES)
    operations().deploy(WISHES, no)
    with pytest.raises(FerrymanError, match="there is no release to go back to"):
        operations().back(None, WISHES)


def test_an_autoscalers_number_of_pods_is_left_alone(operations: Open, fake: Any) -> None:
    for number in (1, 2):
        operations(image=f"shop:{number}", max_replicas=9).deploy(WISHES, no)
    fake.get("Deployment", "shop")["spec"]["replicas"] = 7
    operations(max_replicas=9).back(None, WISHES)
    deployment = fake.get("Deployment", "shop")
    assert deployment["spec"]["replicas"] == 7
    (ours,) = [m for m in deployment["metadata"]["managedFields"] if m["manager"] == "ferryman"]
    assert "f:replicas" not in ours["fieldsV1"]["f:spec"]


def test_a_release_that_fails_goes_back_by_itself(three: Open, fake: Any) -> None:
    fake.behaviour = lambda deployment: "crash" if image(fake) == "shop:4" else "good"
    options = DeployOptions(timeout=60, rollback_on_failure=True)
    with pytest.raises(RolloutError) as caught:
        three(image="shop:4").deploy(options, no)
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
        operations().deploy(DeployOptions(timeout=60, rollback_on_failure=True), no)
    assert "there is no good release to go back to" in str(caught.value.hint)


def test_status_tells_how_it_is_and_which_releases_there_are(three: Open, fake: Any) -> None:
    overview = three().status()
    assert overview.good
    assert overview.summary == "2 of 2 pods are new, 2 available, 2 ready"
    assert [(r.id, r.artifact) for r in overview.releases] == [
        ("3", "shop:3"),
        ("2", "shop:2"),
        ("1", "shop:1"),
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


def listed(operations: Open) -> list[tuple[int, str, int | None]]:
    """Return number, verdict and what is restored of each release, the newest first."""
    return [
        (int(r.id), str(r.verdict), int(r.restores) if r.restores else None)
        for r in operations().status().releases
    ]


def crashing(fake: Any, *images: str) -> None:
    """Let the pods of these images crash, and all others be good."""
    fake.behaviour = lambda _: "crash" if image(fake) in images else "good"


GOING_BACK = DeployOptions(timeout=60, rollback_on_failure=True)


def test_going_back_after_a_failure_skips_what_failed(three: Open, fake: Any) -> None:
    crashing(fake, "shop:4")
    with pytest.raises(RolloutError):
        three(image="shop:4").deploy(GOING_BACK, no)
    assert listed(three)[:2] == [(5, "good", 3), (4, "failed", None)]
    assert three().back(None, WISHES).restores == 2
    assert image(fake) == "shop:2"
    assert three().back(None, WISHES).restores == 5, "what ran before, and was good"


def test_failures_crowd_no_good_release_out(three: Open, fake: Any) -> None:
    bad = [f"bad:{number}" for number in range(9)]
    crashing(fake, *bad)
    for name in bad:
        with pytest.raises(RolloutError):
            three(image=name).deploy(WISHES, no)
    verdicts = [verdict for _, verdict, _ in listed(three)]
    assert verdicts == ["failed"] * 3 + ["good"] * 3
    assert three().back(None, WISHES).image == "shop:3"
    assert three().status().good


def test_going_back_brings_all_objects_and_takes_the_newer_ones_away(
    operations: Open, fake: Any
) -> None:
    route = {"hosts": ["a.example.com"], "gateway": "public"}
    operations(image="shop:1", **route).deploy(WISHES, lambda _: True)
    operations(image="shop:2", max_replicas=9, replicas=3).deploy(WISHES, lambda _: True)
    assert fake.names("HTTPRoute") == set()
    operations().back(None, WISHES)
    assert fake.names("HTTPRoute") == {"shop"}
    assert fake.names("HorizontalPodAutoscaler") == set()
    assert operations(image="shop:1", **route).diff() == []


def test_a_failure_that_added_an_object_takes_it_away_again(operations: Open, fake: Any) -> None:
    operations(image="shop:1").deploy(WISHES, no)
    crashing(fake, "shop:2")
    with pytest.raises(RolloutError):
        operations(image="shop:2", max_replicas=9).deploy(GOING_BACK, no)
    assert fake.names("HorizontalPodAutoscaler") == set()
    assert operations(image="shop:1").diff() == []


def test_logs_that_cannot_be_read_do_not_stop_the_way_back(
    three: Open, fake: Any, refuse: Any
) -> None:
    crashing(fake, "shop:4")
    refuse("GET", "/log$", 500, "the kubelet does not answer", times=999)
    with pytest.raises(RolloutError) as caught:
        three(image="shop:4").deploy(GOING_BACK, no)
    assert image(fake) == "shop:3"
    assert "cannot be read" in str(caught.value.cause)


def test_a_release_has_a_time_who_deployed_it_and_the_digest(
    operations: Open, fake: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTOR", "alice")
    operations().deploy(WISHES, no)
    (release,) = operations().status().releases
    assert release.by == "alice"
    assert str(release.time).startswith("20")
    assert release.digest == "sha256:" + "5" * 64


def test_a_release_that_was_not_watched_is_judged_by_the_next(operations: Open, fake: Any) -> None:
    operations(image="shop:1").deploy(DeployOptions(wait=False), no)
    operations(image="shop:2").deploy(WISHES, no)
    assert [verdict for _, verdict, _ in listed(operations)] == ["good", "good"]


def test_a_deploy_of_the_same_that_has_recovered_makes_the_release_good(
    operations: Open, fake: Any
) -> None:
    fake.behaviour = lambda _: "pull"
    with pytest.raises(RolloutError):
        operations().deploy(WISHES, no)
    fake.become(fake.get("Deployment", "shop"), "good")
    operations().deploy(WISHES, no)
    assert listed(operations) == [(1, "good", None)]


def test_a_record_that_cannot_be_read_is_passed_over(three: Open, fake: Any) -> None:
    record = fake.get("ConfigMap", "shop-release-2")
    record["binaryData"] = {"objects.json.gz": "AAAA"}
    assert [number for number, _, _ in listed(three)] == [3, 1]
    assert three().back(None, WISHES).restores == 1
