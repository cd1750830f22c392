"""Why pods do not become ready, told from what the cluster shows of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ferryman.records.wording import counted
from ferryman.targets.k8s.rendering import Document

__all__ = ("Trouble", "diagnose")

_PATIENCE = 2
"""Crashes of a container until it counts as hopeless: one may be another's fault."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A problem of a release.

    Attributes:
        subject: The object with the problem: a pod, or a set of pods.
        message: The problem.
        hint: What to do about it, if that can be told.
        hopeless: Whether waiting will not help, if it stays so.
        container: The container whose last words tell more, or None.
        previous: Whether those are of the container that ran before.
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
        hint = "ask for less (cpu, memory, replicas), or for a larger quota"
        return Trouble(subject, f"no pod is made, for a quota is exceeded: {message}", hint)
    if "admission webhook" in message or "violates PodSecurity" in message:
        return Trouble(subject, f"no pod is made, for it is not admitted: {message}", hopeless=True)
    return Trouble(subject, f"no pod is made: {message}")


def _pod(pod: Document, events: Sequence[Document]) -> Iterator[Trouble]:
    subject = f"Pod/{pod['metadata']['name']}"
    status = pod.get("status") or {}
    states = [
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ]
    found = [trouble for state in states for trouble in _container(subject, state)]
    yield from found
    yield from _unscheduled(subject, pod)
    if not found:
        yield from _unhealthy(subject, states, _about(pod, events))


def _unscheduled(subject: str, pod: Document) -> Iterator[Trouble]:
    if (pod.get("spec") or {}).get("nodeName"):
        return
    conditions = (pod.get("status") or {}).get("conditions") or ()
    refused = next((c for c in conditions if c.get("type") == "PodScheduled"), None)
    hint = "ask for less cpu or memory, or add nodes"
    if refused and refused.get("status") == "False":
        yield Trouble(subject, f"no node takes it: {refused.get('message', '')}", hint)
    elif refused is None and not (pod.get("status") or {}).get("containerStatuses"):
        yield Trouble(subject, "no node has taken it yet", hint)


def _container(subject: str, state: dict[str, Any]) -> Iterator[Trouble]:
    name = str(state.get("name"))
    waiting = (state.get("state") or {}).get("waiting") or {}
    reason, message = waiting.get("reason", ""), waiting.get("message", "")
    if reason in _PULL:
        hint = "is it pushed, by this name? May the cluster pull it (pull_secrets)?"
        text = f"the image {state.get('image')} of {name} cannot be pulled: {message}"
        yield Trouble(subject, text, hint, hopeless=reason == "ImagePullBackOff")
    elif reason in _IMAGE:
        text = f"the image {state.get('image')} of {name} cannot be used: {reason}"
        yield Trouble(subject, text, "set image in [tool.ferryman.k8s]", hopeless=True)
    elif reason in _CONFIGURATION:
        hint = "are the Secrets there that `secrets` names?"
        yield Trouble(subject, f"the container {name} cannot be made: {message}", hint)
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
    said = " ".join(str(end.get("message") or "").split())
    text = f"the container {name} ended with status {end.get('exitCode', '?')}"
    hint = None
    if end.get("reason") == "OOMKilled":
        text, hint = f"the container {name} ran out of memory", "raise memory"
    elif end.get("reason") in _NOT_STARTED:
        text, hint = f"the container {name} cannot be started", "does the image have its command?"
    text = f"{text}, {counted(count, 'time')} restarted{f': {said}' if said else ''}"
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
    """Yield what probes said of containers that run and are not ready."""
    waiting = [s for s in states if not s.get("ready") and "running" in (s.get("state") or {})]
    said = [event["message"] for event in events if event.get("reason") == "Unhealthy"]
    if waiting and said:
        hint = "does the app listen on the port, and has it started?"
        yield Trouble(subject, said[-1].strip(), hint, container=str(waiting[0].get("name")))


def _about(pod: Document, events: Sequence[Document]) -> list[Document]:
    uid, name = pod["metadata"].get("uid"), pod["metadata"]["name"]
    return [
        event
        for event in events
        if (event.get("involvedObject") or {}).get("name") == name
        and (event.get("involvedObject") or {}).get("uid") in (None, uid)
    ]
