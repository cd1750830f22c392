"""Finds out why pods do not become ready, from their status and events. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ferryman.records.wording import counted
from ferryman.targets.k8s.rendering import Document

__all__ = ("Trouble", "diagnose")

_PATIENCE = 2
"""Restarts after which a crashing container is hopeless. One crash may have another cause."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A problem of a release.

    Attributes:
        subject: The Pod or ReplicaSet with the problem.
        message: The problem.
        hint: What to do about it, or None.
        hopeless: Whether a pod seldom recovers from it.
        container: The container whose log explains more, or None.
        previous: Whether that log is of the container before its last restart.
    """

    subject: str
    message: str
    hint: str | None = None
    hopeless: bool = False
    container: str | None = None
    previous: bool = False


_PULL = frozenset({"ErrImagePull", "ImagePullBackOff"})
_IMAGE = frozenset({"InvalidImageName", "ErrImageNeverPull"})
_NOT_STARTED = frozenset({"StartError", "ContainerCannotRun"})
_CONFIGURATION = frozenset({"CreateContainerConfigError", "CreateContainerError"})


def diagnose(
    pods: Sequence[Document], events: Sequence[Document], sets: Sequence[Document]
) -> list[Trouble]:
    """Return the problems of a release, the most serious first.

    Args:
        pods: The release's pods.
        events: Events of the namespace.
        sets: The release's replica sets.
    """
    found = [*_sets(sets), *(t for pod in pods for t in _pod(pod, events))]
    return sorted(found, key=lambda trouble: not trouble.hopeless)


def _sets(sets: Sequence[Document]) -> Iterator[Trouble]:
    for replica_set in sets:
        subject = f"ReplicaSet/{replica_set['metadata']['name']}"
        for condition in (replica_set.get("status") or {}).get("conditions") or ():
            if condition.get("type") == "ReplicaFailure" and condition.get("status") == "True":
                yield _not_made(subject, str(condition.get("message", "")))


def _not_made(subject: str, message: str) -> Trouble:
    if "exceeded quota" in message:
        hint = "lower cpu, memory or replicas, or ask for a larger quota"
        return Trouble(subject, f"cannot create pods, the quota is exceeded: {message}", hint)
    hopeless = "admission webhook" in message or "violates PodSecurity" in message
    return Trouble(subject, f"cannot create pods: {message}", hopeless=hopeless)


def _pod(pod: Document, events: Sequence[Document]) -> Iterator[Trouble]:
    subject = f"Pod/{pod['metadata']['name']}"
    status = pod.get("status") or {}
    states = [
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ]
    troubles = [trouble for state in states for trouble in _container(subject, state)]
    yield from troubles
    yield from _unscheduled(subject, pod)
    if not troubles:
        yield from _unhealthy(subject, states, _about(pod, events))


def _unscheduled(subject: str, pod: Document) -> Iterator[Trouble]:
    if (pod.get("spec") or {}).get("nodeName"):
        return
    conditions = (pod.get("status") or {}).get("conditions") or ()
    refused = next((c for c in conditions if c.get("type") == "PodScheduled"), None)
    hint = "lower cpu or memory, or add nodes"
    if refused and refused.get("status") == "False":
        yield Trouble(subject, f"no node fits: {refused.get('message', '')}", hint)
    elif refused is None and not (pod.get("status") or {}).get("containerStatuses"):
        yield Trouble(subject, "it has no node yet", hint)


def _container(subject: str, state: dict[str, Any]) -> Iterator[Trouble]:
    name = str(state.get("name"))
    waiting = (state.get("state") or {}).get("waiting") or {}
    reason, message = waiting.get("reason", ""), waiting.get("message", "")
    if reason in _PULL:
        hint = "was it pushed under this name? May the cluster pull it (pull_secrets)?"
        text = f"the image {state.get('image')} of {name} cannot be pulled: {message}"
        yield Trouble(subject, text, hint, hopeless=reason == "ImagePullBackOff")
    elif reason in _IMAGE:
        text = f"the image {state.get('image')} of {name} cannot be used: {reason}"
        yield Trouble(subject, text, "set image in [tool.ferryman.k8s]", hopeless=True)
    elif reason in _CONFIGURATION:
        hint = "do the Secrets in `secrets` exist?"
        yield Trouble(subject, f"the container {name} cannot be created: {message}", hint)
    elif _crashed(state):
        yield _crash(subject, name, state)


def _crashed(state: dict[str, Any]) -> bool:
    now = state.get("state") or {}
    waits = (now.get("waiting") or {}).get("reason") == "CrashLoopBackOff"
    failed = (now.get("terminated") or {}).get("exitCode", 0) != 0
    again = state.get("restartCount", 0) >= _PATIENCE and not state.get("ready")
    return waits or failed or (again and bool((state.get("lastState") or {}).get("terminated")))


def _crash(subject: str, name: str, state: dict[str, Any]) -> Trouble:
    now, before = state.get("state") or {}, state.get("lastState") or {}
    end = now.get("terminated") or before.get("terminated") or {}
    count = state.get("restartCount", 0)
    message = " ".join(str(end.get("message") or "").split())
    text = f"the container {name} ended with status {end.get('exitCode', '?')}"
    hint = None
    if end.get("reason") == "OOMKilled":
        text, hint = f"the container {name} ran out of memory", "raise memory"
    elif end.get("reason") in _NOT_STARTED:
        text, hint = f"the container {name} cannot start", "does the image contain its command?"
    text = f"{text}, after {counted(count, 'restart')}{f': {message}' if message else ''}"
    return Trouble(
        subject,
        text,
        hint,
        hopeless=count >= _PATIENCE,
        container=name,
        previous="terminated" not in now,
    )


def _unhealthy(
    subject: str, states: Iterable[dict[str, Any]], events: Sequence[Document]
) -> Iterator[Trouble]:
    """Yield the last message of a failed probe, if a running container is not ready."""
    waiting = [s for s in states if not s.get("ready") and "running" in (s.get("state") or {})]
    messages = [event["message"] for event in events if event.get("reason") == "Unhealthy"]
    if waiting and messages:
        hint = "has the app started, and does it listen on the port?"
        yield Trouble(subject, messages[-1].strip(), hint, container=str(waiting[0].get("name")))


def _about(pod: Document, events: Sequence[Document]) -> list[Document]:
    uid, name = pod["metadata"].get("uid"), pod["metadata"]["name"]
    return [
        event
        for event in events
        if (event.get("involvedObject") or {}).get("name") == name
        and (event.get("involvedObject") or {}).get("uid") in (None, uid)
    ]
