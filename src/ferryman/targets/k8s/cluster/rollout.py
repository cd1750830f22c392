"""Watches a release take over, until it is good or it is known why it is not."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ferryman.core.errors import FerrymanError
from ferryman.targets.k8s.cluster.api import Cluster
from ferryman.targets.k8s.cluster.diagnosis import Trouble, diagnose
from ferryman.targets.k8s.cluster.failures import Refusal
from ferryman.targets.k8s.cluster.kinds import KINDS, OWN_KINDS, Kind
from ferryman.targets.k8s.rendering import Document

__all__ = (
    "REVISION",
    "Clock",
    "Release",
    "RolloutError",
    "State",
    "Verdict",
    "judge",
    "release_of",
    "troubles_of",
    "watch_rollout",
)

REVISION = "deployment.kubernetes.io/revision"
"""The annotation that numbers the releases of a Deployment."""

_KNATIVE = next(kind for kind in OWN_KINDS if kind.version.startswith("serving.knative.dev"))
_LOOK_EVERY = 2  # seconds: pods change without a change of their Deployment
_LAST_LINES = 10

Clock = Callable[[], float]


class RolloutError(FerrymanError):
    """A release did not become good."""


class State(Enum):
    """How far a release is."""

    UNSEEN = "unseen"
    GOING = "going"
    GOOD = "good"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a release is.

    Attributes:
        state: How far it is.
        line: That in a line.
    """

    state: State
    line: str


@dataclass(frozen=True, slots=True)
class Release:
    """What runs of a release.

    Attributes:
        workload: Its Deployment, or Knative Service.
        sets: Its replica set, if there is one yet.
        pods: Its pods.
    """

    workload: Document
    sets: list[Document]
    pods: list[Document]


def judge(workload: Document, pods: list[Document]) -> Verdict:
    """Say how a release is, from its workload and pods."""
    if workload["kind"] != "Deployment":
        return _judge_conditions(workload)
    status, wanted = workload.get("status") or {}, workload["spec"].get("replicas", 1)
    seen = status.get("observedGeneration", 0) >= workload["metadata"].get("generation", 0)
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    total = status.get("replicas", 0)
    line = f"{updated} of {wanted} pods are new, {available} available{_states(pods)}"
    if not seen:
        return Verdict(State.UNSEEN, "the cluster has not yet looked at it")
    progressing = _condition(workload, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return Verdict(State.FAILED, f"{line}; nothing moved for the progress deadline")
    if updated >= wanted and total <= updated and available >= wanted:
        return Verdict(State.GOOD, line)
    if workload["spec"].get("paused"):
        return Verdict(State.FAILED, f"{line}; it is paused: `kubectl rollout resume` lets it go")
    return Verdict(State.GOING, line)


def _judge_conditions(workload: Document) -> Verdict:
    status = workload.get("status") or {}
    if status.get("observedGeneration", 0) < workload["metadata"].get("generation", 0):
        return Verdict(State.UNSEEN, "the cluster has not yet looked at it")
    ready = _condition(workload, "Ready")
    line = f"ready: {ready.get('status', 'Unknown')} {ready.get('message', '')}".strip()
    states = {"True": State.GOOD, "False": State.FAILED}
    return Verdict(states.get(ready.get("status", ""), State.GOING), line)


def _condition(workload: Document, name: str) -> dict[str, Any]:
    conditions = (workload.get("status") or {}).get("conditions") or ()
    return next((dict(c) for c in conditions if c.get("type") == name), {})


def _states(pods: list[Document]) -> str:
    counted = Counter(_state(pod) for pod in pods)
    return "".join(f", {count} {state}" for state, count in sorted(counted.items()))


def _state(pod: Document) -> str:
    status = pod.get("status") or {}
    for container in status.get("containerStatuses") or ():
        reason = ((container.get("state") or {}).get("waiting") or {}).get("reason")
        if reason and reason != "ContainerCreating":
            return str(reason)
    ready = any(
        c.get("type") == "Ready" and c.get("status") == "True"
        for c in status.get("conditions") or ()
    )
    return "ready" if ready else str(status.get("phase", "Pending")).lower()


def release_of(cluster: Cluster, name: str) -> Release | None:
    """Return what runs of a project's newest release, or None where nothing does.

    Raises:
        FerrymanError: The cluster refused.
    """
    kind: Kind = KINDS["Deployment"]
    workload = cluster.get(kind, name)
    if workload is None:
        workload = cluster.get(_KNATIVE, name)
        return None if workload is None else Release(workload, [], [])
    selector = workload["spec"]["selector"].get("matchLabels") or {}
    sets = _current(workload, cluster.list(KINDS["ReplicaSet"], selector))
    hashes = {s["metadata"].get("labels", {}).get("pod-template-hash") for s in sets}
    pods = cluster.list(KINDS["Pod"], selector)
    return Release(
        workload,
        sets,
        [p for p in pods if p["metadata"].get("labels", {}).get("pod-template-hash") in hashes],
    )


def _current(workload: Document, sets: list[Document]) -> list[Document]:
    revision = (workload["metadata"].get("annotations") or {}).get(REVISION)
    uid = workload["metadata"].get("uid")
    return [
        found
        for found in sets
        if (found["metadata"].get("annotations") or {}).get(REVISION) == revision
        and any(o.get("uid") == uid for o in found["metadata"].get("ownerReferences") or ())
    ]


def watch_rollout(
    cluster: Cluster,
    name: str,
    tell: Callable[[str], None],
    *,
    seconds: float,
    clock: Clock = time.monotonic,
) -> None:
    """Return when a project's release is good.

    Args:
        cluster: Where it runs.
        name: The project's name.
        tell: Told how it is, whenever that changes.
        seconds: How long it may take.
        clock: Tells the time, in seconds.

    Raises:
        RolloutError: It failed, cannot become good, or is not in time.
        FerrymanError: The cluster refused, or does not answer.
    """
    deadline = clock() + seconds
    said = None
    while True:
        release = release_of(cluster, name)
        if release is None:
            raise RolloutError(f"{name}: it was deleted while it was rolled out")
        verdict = judge(release.workload, release.pods)
        if verdict.line != said:
            tell(verdict.line)
            said = verdict.line
        if verdict.state is State.GOOD:
            return
        hopeless = any(trouble.hopeless for trouble in diagnose(release.pods, [], release.sets))
        if verdict.state is State.UNSEEN:
            hopeless = False  # these are the pods of the release before
        if verdict.state is State.FAILED or hopeless or clock() >= deadline:
            raise _failed(cluster, name, release, verdict, seconds)
        _wait(cluster, release.workload)


def _wait(cluster: Cluster, workload: Document) -> None:
    kind = KINDS["Deployment"] if workload["kind"] == "Deployment" else _KNATIVE
    metadata = workload["metadata"]
    cluster.wait_for_change(kind, metadata["name"], metadata["resourceVersion"], _LOOK_EVERY)


def troubles_of(cluster: Cluster, release: Release) -> list[Trouble]:
    """Return what is wrong with a release, the gravest first.

    Raises:
        FerrymanError: The cluster does not answer.
    """
    try:
        events = cluster.list(KINDS["Event"]) if release.pods else []
    except Refusal:
        events = []  # who may deploy may not always read events
    return diagnose(release.pods, events, release.sets)


def _why(verdict: Verdict, troubles: list[Trouble], seconds: float) -> str:
    if verdict.state is State.FAILED:
        return verdict.line
    hopeless = any(trouble.hopeless for trouble in troubles)
    return "waiting will not help" if hopeless else f"it is not good after {seconds:g} s"


def _failed(
    cluster: Cluster, name: str, release: Release, verdict: Verdict, seconds: float
) -> RolloutError:
    troubles = troubles_of(cluster, release)
    told = troubles[:3]
    words = [f"{trouble.subject}: {trouble.message}" for trouble in told]
    if told and told[0].container:
        words += _last_words(cluster, told[0])
    return RolloutError(
        f"the release of {name} failed: {_why(verdict, troubles, seconds)}",
        cause="\n  ".join(words) or None,
        hint=next((trouble.hint for trouble in told if trouble.hint), None),
    )


def _last_words(cluster: Cluster, trouble: Trouble) -> list[str]:
    """Return the last lines of a container that fails."""
    pod = trouble.subject.partition("/")[2]
    assert trouble.container is not None
    for previous in (trouble.previous, not trouble.previous):
        text = cluster.logs(pod, trouble.container, lines=_LAST_LINES, previous=previous)
        if text.strip():
            return [f"{pod} wrote:", *(f"  {line}" for line in text.rstrip().splitlines())]
    return []
