"""Watches a rollout until the release is good, or explains why it failed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ferryman.core.errors import FerrymanError
from ferryman.targets.k8s.cluster.api import Cluster
from ferryman.targets.k8s.cluster.diagnosis import Trouble, diagnose
from ferryman.targets.k8s.cluster.kinds import KINDS, Kind, kind_of
from ferryman.targets.k8s.rendering import Document

__all__ = (
    "Clock",
    "RolloutError",
    "Running",
    "State",
    "SupersededError",
    "Verdict",
    "Watch",
    "judge",
    "running",
    "troubles_of",
    "watch_rollout",
)

_REVISION = "deployment.kubernetes.io/revision"
"""The annotation with the revision of a Deployment and its ReplicaSets."""

_JOB_NAME = "batch.kubernetes.io/job-name"
"""The label of a Job's pods, from Kubernetes 1.27 on."""

_LOOK_EVERY = 2  # seconds; pods may change without a change of their Deployment
_LOG_LINES = 10

_UNSEEN = "the cluster has not yet seen the change"

Clock = Callable[[], float]


class RolloutError(FerrymanError):
    """A release failed."""


class SupersededError(FerrymanError):
    """Somebody else changed the pods during the rollout, so its outcome is unknown."""


class State(Enum):
    """The state of a rollout. `UNSEEN` means that the cluster has not yet seen the change."""

    UNSEEN = "unseen"
    GOING = "going"
    GOOD = "good"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement on a workload.

    Attributes:
        state: The state of its rollout.
        line: A sentence about the state.
    """

    state: State
    line: str


@dataclass(frozen=True, slots=True)
class Running:
    """A workload and what runs its newest release.

    Attributes:
        workload: The Deployment, Knative Service or Job.
        sets: The current ReplicaSet, if it exists yet.
        pods: The pods of that ReplicaSet or Job; none for a Knative Service.
    """

    workload: Document
    sets: list[Document]
    pods: list[Document]


@dataclass(frozen=True, slots=True)
class Watch:
    """Which rollout to watch, and for how long.

    Attributes:
        kind: The kind of the workload.
        name: The name of the workload.
        seconds: The seconds that the rollout may take.
        patience: The seconds that a problem may last from which pods seldom recover.
        fewest: The number of pods that an autoscaler keeps at least, or None without one.
        applied: The workload that the apply returned, to detect other changes; or None.
        beat: Called at each look.
        clock: Returns the time in seconds.
        what: The name of the rollout in errors; by default the release of the workload.
    """

    kind: Kind
    name: str
    seconds: float
    patience: float
    fewest: int | None = None
    applied: Document | None = None
    beat: Callable[[], None] = lambda: None
    clock: Clock = time.monotonic
    what: str | None = None


def judge(workload: Document, pods: list[Document], fewest: int | None = None) -> Verdict:
    """Judge the rollout of a workload.

    Args:
        workload: The Deployment, Knative Service or Job.
        pods: The pods of its newest release.
        fewest: The number of pods that there must be at least; by default 1.
    """
    if workload["kind"] == "Job":
        return _judge_job(workload, pods)
    if workload["kind"] != "Deployment":
        return _judge_conditions(workload)
    status = workload.get("status") or {}
    wanted = max(workload["spec"].get("replicas", 1), 1 if fewest is None else fewest)
    seen = status.get("observedGeneration", 0) >= workload["metadata"].get("generation", 0)
    updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
    total = status.get("replicas", 0)
    line = f"{updated} of {wanted} pods are new, {available} available{_states(pods)}"
    if not seen:
        return Verdict(State.UNSEEN, _UNSEEN)
    progressing = _condition(workload, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return Verdict(State.FAILED, f"{line}; no progress within the progress deadline")
    if updated >= wanted and total <= updated and available >= wanted:
        return Verdict(State.GOOD, line)
    if workload["spec"].get("paused"):
        return Verdict(State.FAILED, f"{line}; it is paused: `kubectl rollout resume` continues it")
    return Verdict(State.GOING, line)


def _judge_job(workload: Document, pods: list[Document]) -> Verdict:
    name = workload["metadata"]["name"]
    failed = _condition(workload, "Failed")
    if failed.get("status") == "True":
        return Verdict(State.FAILED, str(failed.get("message") or "its pod failed"))
    if _condition(workload, "Complete").get("status") == "True":
        return Verdict(State.GOOD, f"{name} has succeeded")
    return Verdict(State.GOING, f"{name} is running{_states(pods)}")


def _judge_conditions(workload: Document) -> Verdict:
    status = workload.get("status") or {}
    if status.get("observedGeneration", 0) < workload["metadata"].get("generation", 0):
        return Verdict(State.UNSEEN, _UNSEEN)
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


def running(cluster: Cluster, kind: Kind, name: str) -> Running | None:
    """Return a workload and what runs its newest release, or None if it does not exist.

    Args:
        cluster: The cluster, with a namespace.
        kind: The kind of the workload.
        name: The name of the workload.

    Raises:
        FerrymanError: The cluster refused.
    """
    workload = cluster.get(kind, name)
    if workload is None:
        return None
    if kind == KINDS["Job"]:
        return Running(workload, [], cluster.list(KINDS["Pod"], {_JOB_NAME: name}))
    if kind.name != "Deployment":
        return Running(workload, [], [])
    selector = workload["spec"]["selector"].get("matchLabels") or {}
    sets = _current(workload, cluster.list(KINDS["ReplicaSet"], selector))
    hashes = {s["metadata"].get("labels", {}).get("pod-template-hash") for s in sets}
    pods = cluster.list(KINDS["Pod"], selector)
    return Running(
        workload,
        sets,
        [p for p in pods if p["metadata"].get("labels", {}).get("pod-template-hash") in hashes],
    )


def _current(workload: Document, sets: list[Document]) -> list[Document]:
    revision = (workload["metadata"].get("annotations") or {}).get(_REVISION)
    uid = workload["metadata"].get("uid")
    return [
        found
        for found in sets
        if (found["metadata"].get("annotations") or {}).get(_REVISION) == revision
        and any(o.get("uid") == uid for o in found["metadata"].get("ownerReferences") or ())
    ]


def watch_rollout(cluster: Cluster, watch: Watch, tell: Callable[[str], None]) -> Running:
    """Wait until a release is good, and return its workload and pods.

    Args:
        cluster: The cluster, with a namespace.
        watch: The rollout to watch.
        tell: Called with the state, whenever it changes.

    Raises:
        RolloutError: The rollout failed, does not recover, or takes too long.
        SupersededError: Somebody else changed the pods.
        FerrymanError: The cluster refused, or does not answer.
    """
    began = watch.clock()
    bad_since: float | None = None
    last_line = None
    while True:
        watch.beat()
        now_running = running(cluster, watch.kind, watch.name)
        if now_running is None:
            raise RolloutError(f"{watch.name}: it was deleted during its rollout")
        _check_superseded(watch, now_running.workload)
        verdict = judge(now_running.workload, now_running.pods, watch.fewest)
        if verdict.line != last_line:
            tell(verdict.line)
            last_line = verdict.line
        if verdict.state is State.GOOD:
            return now_running
        now = watch.clock()
        # Until the cluster has seen the change, these are the pods of the previous release.
        seen = verdict.state is not State.UNSEEN
        bad = seen and any(t.hopeless for t in diagnose(now_running.pods, [], now_running.sets))
        bad_since = (bad_since if bad_since is not None else now) if bad else None
        hopeless = bad_since is not None and now - bad_since >= watch.patience
        if verdict.state is State.FAILED or hopeless or now - began >= watch.seconds:
            raise _failed(cluster, watch, now_running, verdict, hopeless=hopeless)
        metadata = now_running.workload["metadata"]
        cluster.wait_for_change(
            watch.kind, metadata["name"], metadata["resourceVersion"], _LOOK_EVERY
        )


def _check_superseded(watch: Watch, workload: Document) -> None:
    """Check that the pod template is still the applied one. Scaling also changes the generation.

    Raises:
        SupersededError: The pod template has changed.
    """
    applied = watch.applied
    if applied is None or kind_of(workload) != kind_of(applied):
        return
    if workload["metadata"].get("generation") == applied["metadata"].get("generation"):
        return
    if workload["spec"].get("template") == applied["spec"].get("template"):
        return
    raise SupersededError(
        f"{watch.name} was changed by somebody else during its rollout",
        cause=f"generation {applied['metadata'].get('generation')} was applied, and "
        f"{_last_manager(workload)} has since made generation "
        f"{workload['metadata'].get('generation')} with other pods",
        hint="`ferryman status` shows what runs now; nothing was rolled back",
    )


def _last_manager(workload: Document) -> str:
    entries = [
        e for e in workload["metadata"].get("managedFields") or () if not e.get("subresource")
    ]
    newest: Document = max(entries, key=lambda entry: str(entry.get("time", "")), default={})
    return str(newest.get("manager", "somebody"))


def troubles_of(cluster: Cluster, release: Running) -> list[Trouble]:
    """Return the problems of a release, the most serious first.

    Events that cannot be read are ignored, so that a report on a failure does not fail itself.
    """
    events: list[Document] = []
    if release.pods:
        with suppress(FerrymanError):
            events = cluster.list(KINDS["Event"])
    return diagnose(release.pods, events, release.sets)


def _failed(
    cluster: Cluster, watch: Watch, release: Running, verdict: Verdict, *, hopeless: bool
) -> RolloutError:
    troubles = troubles_of(cluster, release)[:3]
    causes = [f"{trouble.subject}: {trouble.message}" for trouble in troubles]
    if troubles and troubles[0].container:
        causes += _last_log_lines(cluster, troubles[0])
    why = f"it is not good after {watch.seconds:g} s"
    if verdict.state is State.FAILED:
        why = verdict.line
    elif hopeless:
        why = f"its pods have not recovered for {watch.patience:g} s"
    return RolloutError(
        f"{watch.what or f'the release of {watch.name}'} failed: {why}",
        cause="\n  ".join(causes) or None,
        hint=next((trouble.hint for trouble in troubles if trouble.hint), None),
    )


def _last_log_lines(cluster: Cluster, trouble: Trouble) -> list[str]:
    """Return the last lines of a failing container, or why they cannot be read."""
    pod = trouble.subject.partition("/")[2]
    assert trouble.container is not None
    try:
        for previous in (trouble.previous, not trouble.previous):
            text = cluster.logs(pod, trouble.container, lines=_LOG_LINES, previous=previous)
            if text.strip():
                return [f"{pod} wrote:", *(f"  {line}" for line in text.rstrip().splitlines())]
    except FerrymanError as error:
        return [f"the log of {pod} cannot be read: {error.message}"]
    return []
