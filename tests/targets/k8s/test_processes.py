"""What runs beside the web process: workers, schedules, the migration."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ferryman.core.errors import ConfigError
from ferryman.targets.k8s.options import KubernetesOptions

Build = Callable[..., dict[str, Any]]

WORKER = {"name": "worker", "command": "python -m shop.worker --queue 'a b'", "replicas": 2}
NIGHTLY = {"name": "nightly", "schedule": "0 3 * * *", "time_zone": "Europe/Berlin"}


def pod_of(document: Any) -> Any:
    spec = document["spec"].get("jobTemplate", document)["spec"]
    return spec["template"]


def test_a_worker_runs_the_same_image_with_another_command(build: Build) -> None:
    made = build(process=[{**WORKER, "memory": "1Gi"}], environment={"A": "1"}, secrets=["db"])
    worker, web = made["process-worker.yaml"], made["deployment.yaml"]
    (one,), (other,) = (pod_of(each)["spec"]["containers"] for each in (worker, web))
    assert (worker["metadata"]["name"], worker["spec"]["replicas"]) == ("shop-worker", 2)
    assert one["command"] == ["python", "-m", "shop.worker", "--queue", "a b"]
    assert one["resources"]["limits"] == {"memory": "1Gi"}
    assert one["resources"]["requests"]["cpu"] == other["resources"]["requests"]["cpu"]
    for field in ("image", "envFrom", "securityContext", "volumeMounts"):
        assert one[field] == other[field]
    assert not one.keys() & {"ports", "livenessProbe", "readinessProbe", "lifecycle"}


@pytest.mark.parametrize("flavour", ["deployment", "knative"])
def test_no_service_leads_to_a_process_and_nothing_connects_to_it(
    build: Build, flavour: str
) -> None:
    made = build(process=[WORKER, NIGHTLY], migrate="alembic upgrade head", flavour=flavour)
    policy = made["process-network-policy.yaml"]["spec"]
    assert (policy["policyTypes"], "ingress" in policy) == (["Ingress"], False)
    for file in ("process-worker.yaml", "process-nightly.yaml", "migration.yaml"):
        labels = pod_of(made[file])["metadata"]["labels"]
        assert policy["podSelector"]["matchLabels"].items() <= labels.items()
        for name in {"service.yaml", "pod-disruption-budget.yaml"} & made.keys():
            wanted = made[name]["spec"]["selector"]
            wanted = wanted.get("matchLabels", wanted)
            assert not wanted.items() <= labels.items()


def test_a_schedule_without_a_command_calls_the_apps_handler(build: Build) -> None:
    made = build(process=[NIGHTLY, {**NIGHTLY, "name": "own", "command": "python -m shop.own"}])
    nightly = made["process-nightly.yaml"]
    spec = nightly["spec"]
    assert (nightly["kind"], spec["schedule"]) == ("CronJob", "0 3 * * *")
    assert (spec["timeZone"], spec["concurrencyPolicy"]) == ("Europe/Berlin", "Forbid")
    commands = [
        pod_of(made[f"process-{name}.yaml"])["spec"]["containers"][0]["command"]
        for name in ("nightly", "own")
    ]
    assert commands == [
        ["python", "-m", "ferryman.core.one_event", "nightly"],
        ["python", "-m", "shop.own"],
    ]
    assert pod_of(nightly)["spec"]["restartPolicy"] == "Never"


def test_a_migration_has_another_name_for_another_pod(build: Build) -> None:
    names = [
        build(migrate="python -m shop.migrate", image=image)["migration.yaml"]["metadata"]["name"]
        for image in ("shop:1", "shop:2", "shop:1")
    ]
    assert names[0] == names[2] != names[1]
    assert names[0].startswith("shop-migrate-")


@pytest.mark.parametrize(
    ("process", "said"),
    [
        ({"name": "a"}, "needs a command, or a schedule"),
        ({"name": "a", "command": ""}, "the command is empty"),
        ({"name": "a", "command": "sh -c 'oops"}, "not a valid command: no closing quotation"),
        ({"name": "a", "schedule": "* * * * *", "replicas": 2}, "runs one pod at a time"),
        ({"name": "a", "command": "b", "time_zone": "UTC"}, "has a time_zone, but no schedule"),
        ({"name": "web", "command": "b"}, "the name web is taken"),
        ({"name": "worker", "command": "b"}, "the name worker is taken"),
        ({"name": "A/../b", "command": "b"}, "the name of a process is at most 30"),
        ({"name": "a", "command": "b", "memory": "1GB"}, "write 1Gi"),
    ],
)
def test_what_is_no_process_is_refused(process: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        KubernetesOptions.model_validate({"process": [WORKER, process]})


def test_a_schedule_that_is_none_is_found_before_the_cluster_is_asked(build: Build) -> None:
    with pytest.raises(Exception, match="mistake") as caught:
        build(process=[{"name": "nightly", "schedule": "every night"}])
    assert "CronJob/shop-nightly spec.schedule" in str(getattr(caught.value, "cause", ""))


def test_names_that_become_too_long_are_refused(
    build: Build, make_project: Callable[..., Any]
) -> None:
    from dataclasses import replace

    from ferryman.targets.k8s.values import plan_values

    project = make_project(process=[NIGHTLY])
    longer = replace(project, fields=project.fields.model_copy(update={"name": "a" * 50}))
    with pytest.raises(ConfigError, match="longer than 52 characters"):
        plan_values(longer)
