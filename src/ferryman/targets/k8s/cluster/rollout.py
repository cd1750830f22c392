"""Watches a release take over, until it is good or it is known why it is not."""

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
"""The annotation that numbers the releases of a Deployment."""

_JOB_NAME = "batch.kubernetes.io/job-name"
"""The label of a Job's pods, from Kubernetes 1.27 on."""

_LOOK_EVERY = 2  # seconds: pods change without a change of their Deployment
_LAST_LINES = 10

Clock = Callable[[], float]


class RolloutError(FerrymanError):
    """A release did not become good."""


class SupersededError(FerrymanError):
    """Another has changed the pods while a release was watched: it is no longer ours to judge."""


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
class Running:
    """What runs of a release.

    Attributes:
        workload: Its Deployment, or Knative Service.
        sets: Its replica set, if there is one yet.
        pods: Its pods.
    """

    workload: Document
    sets: list[Document]
    pods: list[Document]


@dataclass(frozen=True, slots=True)
class Watch:
    """What is watched, and for how long.

    Attributes:
        kind: The kind of the workload.
        name: Its name.
        seconds: How long the release may take.
        patience: How long a state may last from which pods seldom recover.
        fewest: How many pods there must be at least.
        applied: The workload as the cluster had it after the apply; None is whatever runs.
        beat: Called at each look.
        clock: Tells the time, in seconds.
        what: What it is called in an error; by default the release of that name.
    """

    kind: Kind
    name: str
    seconds: float
    patience: float
    fewest: int = 1
    applied: Document | None = None
    beat: Callable[[], None] = lambda: None
    clock: Clock = time.monotonic
    what: str | None = None


def judge(workload: Document, pods: list[Document], fewest: int = 1) -> Verdict:
    """Say how a release is, from its workload and pods.

    Args:
        workload: The Deployment, Knative's Service, or a Job.
        pods: The release's pods.
        fewest: How many pods there must be at least.
    """
    if workload["kind"] == "Job":
        return _judge_job(workload, pods)
    if workload["kind"] != "Deployment":
        return _judge_conditions(workload)
    status = workload.get("status") or {}
    wanted = max(workload["spec"].get("replicas", 1), fewest)
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


def _judge_job(workload: Document, pods: list[Document]) -> Verdict:
    name = workload["metadata"]["name"]
    failed = _condition(workload, "Failed")
    if failed.get("status") == "True":
        return Verdict(State.FAILED, str(failed.get("message") or "its pod failed"))
    if _condition(workload, "Complete").get("status") == "True":
        return Verdict(State.GOOD, f"{name} has ended well")
    return Verdict(State.GOING, f"{name} has not ended{_states(pods)}")


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


def running(cluster: Cluster, kind: Kind, name: str) -> Running | None:
    """Return what runs of a project's newest release, or None where nothing does.

    Args:
        cluster: Where it runs.
        kind: The kind of its workload.
        name: Its name.

    Raises:
        FerrymanError: The cluster refused.
    """
    workload = cluster.get(kind, name)
    if workload is not None and kind == KINDS["Job"]:
        return Running(workload, [], cluster.list(KINDS["Pod"], {_JOB_NAME: name}))
    if workload is None or kind.name != "Deployment":
        return None if workload is None else Running(workload, [], [])
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
    """Return what runs of a release once it is good.

    Args:
        cluster: Where it runs.
        watch: What is watched.
        tell: Called with the state, whenever it changes.

    Raises:
        RolloutError: It failed, does not recover, or is not in time.
        SupersededError: Another has changed the pods meanwhile.
        FerrymanError: The cluster refused, or does not answer.
    """
    began = watch.clock()
    bad_since: float | None = None
    said = None
    while True:
        watch.beat()
        found = running(cluster, watch.kind, watch.name)
        if found is None:
            raise RolloutError(f"{watch.name}: it was deleted while it was rolled out")
        _still_ours(watch, found.workload)
        verdict = judge(found.workload, found.pods, watch.fewest)
        if verdict.line != said:
            tell(verdict.line)
            said = verdict.line
        if verdict.state is State.GOOD:
            return found
        now = watch.clock()
        # Until the cluster has looked, these are the pods of the release before.
        seen = verdict.state is not State.UNSEEN
        bad = seen and any(t.hopeless for t in diagnose(found.pods, [], found.sets))
        bad_since = (bad_since if bad_since is not None else now) if bad else None
        hopeless = bad_since is not None and now - bad_since >= watch.patience
        if verdict.state is State.FAILED or hopeless or now - began >= watch.seconds:
            raise _failed(cluster, watch, found, verdict, hopeless=hopeless)
        metadata = found.workload["metadata"]
        cluster.wait_for_change(
            watch.kind, metadata["name"], metadata["resourceVersion"], _LOOK_EVERY
        )


def _still_ours(watch: Watch, workload: Document) -> None:
    """Check that the pods are those that were applied: a new generation may only scale them."""
    applied = watch.applied
    if applied is None or kind_of(workload) != kind_of(applied):
        return
    if workload["metadata"].get("generation") == applied["metadata"].get("generation"):
        return
    if workload["spec"].get("template") == applied["spec"].get("template"):
        return
    raise SupersededError(
        f"{watch.name} was changed by another while its release was watched",
        cause=f"generation {workload['metadata'].get('generation')} is not the "
        f"{applied['metadata'].get('generation')} that was applied; "
        f"{_last_manager(workload)} changed its pods",
        hint="`ferryman status` tells what runs now; nothing was rolled back",
    )


def _last_manager(workload: Document) -> str:
    entries = [
        e for e in workload["metadata"].get("managedFields") or () if not e.get("subresource")
    ]
    newest: Document = max(entries, key=lambda entry: str(entry.get("time", "")), default={})
    return str(newest.get("manager", "somebody"))


def troubles_of(cluster: Cluster, found: Running) -> list[Trouble]:
    """Return the problems of a release, the most serious first.

    What cannot be read is left out: a report on a failure must not fail itself.
    """
    events: list[Document] = []
    if found.pods:
        with suppress(FerrymanError):
            events = cluster.list(KINDS["Event"])
    return diagnose(found.pods, events, found.sets)


def _failed(
    cluster: Cluster, watch: Watch, found: Running, verdict: Verdict, *, hopeless: bool
) -> RolloutError:
    troubles = troubles_of(cluster, found)
    told = troubles[:3]
    words = [f"{trouble.subject}: {trouble.message}" for trouble in told]
    if told and told[0].container:
        words += _last_words(cluster, told[0])
    why = f"it is not good after {watch.seconds:g} s"
    if verdict.state is State.FAILED:
        why = verdict.line
    elif hopeless:
        why = f"it has been so for {watch.patience:g} s, and waiting will not help"
    return RolloutError(
        f"{watch.what or f'the release of {watch.name}'} failed: {why}",
        cause="\n  ".join(words) or None,
        hint=next((trouble.hint for trouble in told if trouble.hint), None),
    )


def _last_words(cluster: Cluster, trouble: Trouble) -> list[str]:
    """Return the last lines of a container that fails, or why they cannot be read."""
    pod = trouble.subject.partition("/")[2]
    assert trouble.container is not None
    try:
        for previous in (trouble.previous, not trouble.previous):
            text = cluster.logs(pod, trouble.container, lines=_LAST_LINES, previous=previous)
            if text.strip():
                return [f"{pod} wrote:", *(f"  {line}" for line in text.rstrip().splitlines())]
    except FerrymanError as error:
        return [f"what {pod} wrote cannot be read: {error.message}"]
    return []
