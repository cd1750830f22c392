"""Rules about what a node asks a container, and how it ends: probes and hooks, K205 to K209."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ferryman.targets.k8s.rules.manifest_reader import containers, own_ports
from ferryman.targets.k8s.rules.rule import Manifest, Problem, Rule

__all__ = ("RULES",)

_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
_HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")
_HOOKS = ("exec", "httpGet", "tcpSocket", "sleep")
_DEFAULT_GRACE = 30
_SLEEP = re.compile(r"(?:^|[\s;&/])sleep\s+([0-9]+(?:\.[0-9]+)?)(?=s?(?:[\s;&]|$))")


def _one_handler(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest, path, probe, _ in _probes(manifests):
        found = [name for name in _HANDLERS if name in probe]
        if len(found) != 1:
            yield (
                manifest,
                path,
                f"a probe has one of {', '.join(_HANDLERS)}; this has {len(found)}",
            )


def _probes(manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, str, Any, set[str]]]:
    for container in containers(manifests):
        for name in _PROBES:
            if name in container.fields:
                place = f"{container.path}.{name}"
                yield (
                    container.pod.manifest,
                    place,
                    container.fields[name],
                    own_ports(container.fields),
                )


def _probe_ports(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest, path, asking, names in (*_probes(manifests), *_lifecycles(manifests)):
        for handler in ("httpGet", "tcpSocket"):
            port = (asking.get(handler) or {}).get("port")
            if isinstance(port, str) and port not in names:
                message = f"the container has no port named {port!r}"
                yield manifest, f"{path}.{handler}.port", message


def _probe_times(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest, path, probe, _ in _probes(manifests):
        # The server takes 0 for a field that is not set.
        period, timeout = probe.get("periodSeconds") or 10, probe.get("timeoutSeconds") or 1
        if below := [name for name, value in probe.items() if isinstance(value, int) and value < 0]:
            yield manifest, f"{path}.{below[0]}", "it cannot be less than 0"
        if timeout > period:
            yield manifest, path, f"it may take {timeout} s and is asked every {period} s"
        if not path.endswith("readinessProbe") and probe.get("successThreshold", 1) != 1:
            yield manifest, f"{path}.successThreshold", "it must be 1 here"


def _hooks(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest, path, hook, _ in _lifecycles(manifests):
        if sum(handler in hook for handler in _HOOKS) != 1:
            yield manifest, path, f"a hook has one of {', '.join(_HOOKS)}"


def _lifecycles(manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, str, Any, set[str]]]:
    for container in containers(manifests):
        for name, hook in (container.fields.get("lifecycle") or {}).items():
            if isinstance(hook, dict):
                place = f"{container.path}.lifecycle.{name}"
                yield container.pod.manifest, place, hook, own_ports(container.fields)


def _grace(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for container in containers(manifests):
        grace = container.pod.spec.get("terminationGracePeriodSeconds", _DEFAULT_GRACE)
        hook = (container.fields.get("lifecycle") or {}).get("preStop") or {}
        delay = _sleep(hook)
        if delay >= grace:
            path = f"{container.pod.path}spec.terminationGracePeriodSeconds"
            message = f"the kill comes after {grace} s, and preStop sleeps for {delay:g} s"
            yield container.pod.manifest, path, message


def _sleep(hook: Mapping[str, Any]) -> float:
    """Return the seconds that a hook sleeps, by itself or with the command of that name."""
    command = " ".join(map(str, (hook.get("exec") or {}).get("command") or ()))
    called = [float(seconds) for seconds in _SLEEP.findall(command)]
    return float(sum(called)) or float((hook.get("sleep") or {}).get("seconds", 0))


RULES = (
    Rule("K205", "a probe has one handler", "The cluster refuses the pod.", _one_handler),
    Rule(
        "K206",
        "a probe or a hook asks a port of its own container",
        "The cluster takes any name, and knows those of this container alone. The probe then "
        "fails forever, and the pod never is ready or is restarted again and again.",
        _probe_ports,
    ),
    Rule(
        "K207",
        "a probe takes no longer than until the next, and one success is enough",
        "Overlapping answers make a slow app slower; thresholds of start-up and liveness probes "
        "other than 1 are refused.",
        _probe_times,
    ),
    Rule("K208", "a hook has one handler", "The cluster refuses the pod.", _hooks),
    Rule(
        "K209",
        "the grace period outlasts the preStop hook",
        "The time of the hook is part of the grace period: the app is killed before it is told "
        "to stop, and requests in flight break off.",
        _grace,
    ),
)
