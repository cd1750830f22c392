"""What is told of a release, from what a cluster shows of it."""

from __future__ import annotations

from typing import Any

import pytest

from ferryman.targets.k8s.cluster.diagnosis import diagnose
from ferryman.targets.k8s.cluster.rollout import State, judge


def pod(
    state: dict[str, Any], *, conditions: Any = (), node: str | None = "n", **container: Any
) -> dict[str, Any]:
    status = {"name": "shop", "image": "shop:1", "state": state, **container}
    return {
        "metadata": {"name": "shop-1", "uid": "u"},
        "spec": {"nodeName": node} if node else {},
        "status": {"conditions": conditions, "containerStatuses": [status] if state else []},
    }


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


OUT_OF_MEMORY = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
SCHEDULED = {"type": "PodScheduled", "status": "False", "message": "0/3 nodes are available"}


@pytest.mark.parametrize(
    ("found", "said", "hopeless"),
    [
        (pod(waiting("ErrImagePull", "denied")), "cannot be pulled: denied", False),
        (pod(waiting("ImagePullBackOff", "denied")), "cannot be pulled: denied", True),
        (pod(waiting("InvalidImageName")), "cannot be used: InvalidImageName", True),
        (pod(waiting("CreateContainerConfigError", "no secret")), "created: no secret", False),
        (pod(waiting("CrashLoopBackOff"), restartCount=1), "after 1 restart", False),
        (pod(waiting("CrashLoopBackOff"), restartCount=2), "after 2 restarts", True),
        (pod({"terminated": {"exitCode": 1}}), "ended with status 1", False),
        (
            pod(waiting("CrashLoopBackOff"), lastState=OUT_OF_MEMORY, restartCount=3),
            "ran out of memory",
            True,
        ),
        (pod({"running": {}}, lastState=OUT_OF_MEMORY, restartCount=2), "out of memory", True),
        (
            pod(
                waiting("CrashLoopBackOff"),
                restartCount=1,
                lastState={
                    "terminated": {
                        "exitCode": 128,
                        "reason": "StartError",
                        "message": 'exec: "shop": executable file not found in $PATH',
                    }
                },
            ),
            'the container shop cannot start, after 1 restart: exec: "shop": executable',
            False,
        ),
        (pod({}, node=None, conditions=[SCHEDULED]), "0/3 nodes are available", False),
        (pod({}, node=None), "it has no node yet", False),
    ],
)
def test_a_pods_trouble_is_told(found: Any, said: str, hopeless: bool) -> None:
    (trouble,) = diagnose([found], [], [])
    assert said in trouble.message
    assert (trouble.subject, trouble.hopeless) == ("Pod/shop-1", hopeless)


@pytest.mark.parametrize(
    "found",
    [
        pod(waiting("ContainerCreating")),
        pod({"running": {}}, ready=True),
        pod({"running": {}}, ready=True, restartCount=9, lastState=OUT_OF_MEMORY),
        pod({"terminated": {"exitCode": 0}}),
    ],
)
def test_a_pod_that_starts_or_runs_has_no_trouble(found: Any) -> None:
    assert diagnose([found], [], []) == []


def test_the_last_that_a_probe_said_counts_and_that_of_other_pods_does_not() -> None:
    events = [
        {"reason": "Unhealthy", "message": text, "involvedObject": {"name": name, "uid": uid}}
        for text, name, uid in [
            ("first", "shop-1", "u"),
            ("last", "shop-1", "u"),
            ("of the pod before", "shop-1", "older"),
            ("of another", "shop-2", "v"),
        ]
    ]
    (trouble,) = diagnose([pod({"running": {}}, ready=False)], events, [])
    assert (trouble.message, trouble.container) == ("last", "shop")


def test_the_gravest_trouble_comes_first() -> None:
    found = diagnose([pod({}, node=None), pod(waiting("ImagePullBackOff"))], [], [])
    assert [trouble.hopeless for trouble in found] == [True, False]


@pytest.mark.parametrize(
    ("message", "said", "hopeless"),
    [
        ("exceeded quota: q", "the quota is exceeded", False),
        ('admission webhook "w" denied the request', "cannot create pods", True),
        ('violates PodSecurity "restricted:latest"', "cannot create pods", True),
        ("something else", "cannot create pods: something else", False),
    ],
)
def test_why_no_pod_is_made(message: str, said: str, hopeless: bool) -> None:
    condition = {"type": "ReplicaFailure", "status": "True", "message": message}
    replica_set = {"metadata": {"name": "shop-1"}, "status": {"conditions": [condition]}}
    (trouble,) = diagnose([], [], [replica_set])
    assert said in trouble.message
    assert trouble.hopeless is hopeless


def deployment(**status: Any) -> dict[str, Any]:
    return {
        "kind": "Deployment",
        "metadata": {"name": "shop", "generation": 2},
        "spec": {"replicas": 3},
        "status": {"observedGeneration": 2, **status},
    }


EXCEEDED = [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]


@pytest.mark.parametrize(
    ("workload", "state"),
    [
        (deployment(replicas=3, updatedReplicas=3, availableReplicas=3), State.GOOD),
        (deployment(replicas=3, updatedReplicas=3, availableReplicas=2), State.GOING),
        (deployment(replicas=4, updatedReplicas=3, availableReplicas=4), State.GOING),
        (deployment(replicas=3, updatedReplicas=1, availableReplicas=3), State.GOING),
        (
            deployment(replicas=3, updatedReplicas=3, availableReplicas=3, observedGeneration=1),
            State.UNSEEN,
        ),
        (deployment(replicas=4, updatedReplicas=1, conditions=EXCEEDED), State.FAILED),
        ({**deployment(replicas=3), "spec": {"replicas": 3, "paused": True}}, State.FAILED),
    ],
)
def test_how_far_a_deployment_is(workload: Any, state: State) -> None:
    assert judge(workload, []).state is state


@pytest.mark.parametrize(
    ("ready", "state"), [("True", State.GOOD), ("False", State.FAILED), ("Unknown", State.GOING)]
)
def test_how_far_a_knative_service_is(ready: str, state: State) -> None:
    workload = {**deployment(conditions=[{"type": "Ready", "status": ready}]), "kind": "Service"}
    assert judge(workload, []).state is state
    seen_before = {**workload, "metadata": {"generation": 3}}
    assert judge(seen_before, []).state is State.UNSEEN
