"""What the API server refuses beyond the types, in places and words that were not recorded."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from ferryman.targets.k8s.validation.server_refusals import find_refusals

POD = {
    "containers": [{"name": "a", "image": "a:1"}],
    "restartPolicy": "Never",
}


def job(pod: dict[str, Any]) -> dict[str, Any]:
    """Return a CronJob with a pod: types are known at any depth."""
    template = {"spec": {**POD, **pod}}
    spec = {"schedule": "0 4 * * *", "jobTemplate": {"spec": {"template": template}}}
    return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "a"}, "spec": spec}


def said(document: dict[str, Any]) -> str:
    return "\n".join(f"{path}: {message}" for path, message in find_refusals(document, "1.36"))


def test_what_is_right_is_not_refused() -> None:
    assert said(job({})) == ""


@pytest.mark.parametrize(
    ("pod", "words"),
    [
        ({"tolerations": [{"key": "a", "operator": "Exist"}]}, "did you mean Exists?"),
        ({"dnsPolicy": "clusterfirst"}, "did you mean ClusterFirst?"),
        ({"hostname": "My_Host"}, "did you mean my-host?"),
        (
            {"volumes": [{"name": "v", "secret": {"secretName": "s", "defaultMode": 1000}}]},
            "defaultMode: 1000 is not within 0 to 511",
        ),
        ({"terminationGracePeriodSeconds": -1}, "-1 is not within 0"),
        (
            {"securityContext": {"seccompProfile": {"type": "Localhost"}}},
            "jobTemplate.spec.template.spec.securityContext.seccompProfile.localhostProfile",
        ),
        (
            {
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {
                            "nodeSelectorTerms": [
                                {"matchExpressions": [{"key": "a", "operator": "In"}]}
                            ]
                        }
                    }
                }
            },
            "must name values for the operator In",
        ),
        ({"containers": [{"name": "a", "image": " a:1"}]}, "must not begin or end with a space"),
        (
            {
                "initContainers": [
                    {"name": "b", "image": "b:1", "env": [{"name": "X", "valueFrom": {}}]}
                ]
            },
            "initContainers[0].env[0].valueFrom",
        ),
        (
            {
                "initContainers": [
                    {"name": "b", "image": "b:1", "resources": {"limits": {"gpus": 1}}}
                ]
            },
            "example.com/gpus",
        ),
    ],
)
def test_a_pod_is_held_to_the_server_wherever_it_stands(pod: dict[str, Any], words: str) -> None:
    assert words in said(job(pod))


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        ("0 0 4 * * *", "leave the seconds out"),
        ("60 4 * * *", "60, which is not within 0 to 59"),
        ("0 4 * * 7", "7, which is not within 0 to 6"),
        ("*/0 * * * *", "the step '0'"),
        ("0 4 * * mon-fry", "'fry', which is not a number"),
        ("0 9-5 * * *", "9-5, which is not a range"),
        ("@dayly", "is not one of"),
        ("TZ=Europe/Berlin 0 4 * * *", "set timeZone"),
    ],
)
def test_a_schedule_that_is_none(schedule: str, words: str) -> None:
    document = job({})
    document["spec"]["schedule"] = schedule
    assert words in said(document)


@pytest.mark.parametrize(
    "schedule",
    ["*/5 * * * *", "0 4 1,15 * MON-FRI", "@daily", "@every 1h30m", "5/15 ? * jan-mar *"],
)
def test_a_schedule_that_is_one(schedule: str) -> None:
    document = job({})
    document["spec"]["schedule"] = schedule
    assert said(document) == ""


def route(rule: dict[str, Any]) -> dict[str, Any]:
    spec = {"parentRefs": [{"name": "g"}], "rules": [rule]}
    head = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute"}
    return {**head, "metadata": {"name": "a"}, "spec": spec}


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"timeouts": {"request": "10"}}, "'10' is not a duration"),
        ({"timeouts": {"request": "1s", "backendRequest": "1m"}}, "longer than the request's"),
        (
            {"matches": [{"headers": [{"name": "A", "value": "1"}, {"name": "a", "value": "2"}]}]},
            "twice",
        ),
        ({"filters": [{"type": "URLRewrite"}]}, "urlRewrite: must be set"),
    ],
)
def test_a_route_is_held_to_the_gateway_api(rule: dict[str, Any], words: str) -> None:
    assert words in said(route(rule))


def test_a_decimal_mode_that_was_meant_to_be_octal_is_told_so() -> None:
    from ferryman.targets.k8s.validation.server_refusals import find_refusals as find

    volume = {"name": "v", "configMap": {"name": "c", "defaultMode": 644}}
    assert "0644" in "\n".join(message for _, message in find(job({"volumes": [volume]}), "1.36"))


def test_the_object_is_not_changed() -> None:
    document = job({"tolerations": [{"operator": "Exists"}]})
    before = copy.deepcopy(document)
    assert said(document) == ""
    assert document == before
