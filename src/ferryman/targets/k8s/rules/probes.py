"""Rules about probes and lifecycle hooks: K205 to K209."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ferryman.targets.k8s.rules.manifest_reader import Container, ManifestSet, Problem, own_ports
from ferryman.targets.k8s.rules.rule import Rule

__all__ = ("PROBES", "RULES")

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
"""The fields of a container with probes."""

_HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")
_HOOKS = ("exec", "httpGet", "tcpSocket", "sleep")
_DEFAULT_GRACE = 30
_SLEEP = re.compile(r"(?:^|[\s;&/])sleep\s+([0-9]+(?:\.[0-9]+)?)(?=s?(?:[\s;&]|$))")


def _probes(manifests: ManifestSet) -> Iterator[tuple[Container, str, Any]]:
    """Yield each probe, with its container and its path in the container."""
    for container in manifests.containers:
        for name in PROBES:
            if name in container.fields:
                yield container, name, container.fields[name]


def _hooks(manifests: ManifestSet) -> Iterator[tuple[Container, str, Any]]:
    """Yield each lifecycle hook, with its container and its path in the container."""
    for container in manifests.containers:
        for name, hook in (container.fields.get("lifecycle") or {}).items():
            if isinstance(hook, dict):
                yield container, f"lifecycle.{name}", hook


def _one_probe_handler(manifests: ManifestSet) -> Iterator[Problem]:
    for container, path, probe in _probes(manifests):
        count = sum(handler in probe for handler in _HANDLERS)
        if count != 1:
            message = f"a probe has exactly one of {', '.join(_HANDLERS)}; this has {count}"
            yield container.problem(path, message)


def _one_hook_handler(manifests: ManifestSet) -> Iterator[Problem]:
    for container, path, hook in _hooks(manifests):
        if sum(handler in hook for handler in _HOOKS) != 1:
            yield container.problem(path, f"a hook has exactly one of {', '.join(_HOOKS)}")


def _ports(manifests: ManifestSet) -> Iterator[Problem]:
    for container, path, probe_or_hook in (*_probes(manifests), *_hooks(manifests)):
        for handler in ("httpGet", "tcpSocket"):
            port = (probe_or_hook.get(handler) or {}).get("port")
            if isinstance(port, str) and port not in own_ports(container.fields):
                message = f"the container has no port named {port!r}"
                yield container.problem(f"{path}.{handler}.port", message)


def _times(manifests: ManifestSet) -> Iterator[Problem]:
    for container, path, probe in _probes(manifests):
        # The server reads 0 as a field that is not set.
        period, timeout = probe.get("periodSeconds") or 10, probe.get("timeoutSeconds") or 1
        if negative := [k for k, value in probe.items() if isinstance(value, int) and value < 0]:
            yield container.problem(f"{path}.{negative[0]}", "must not be negative")
        if timeout > period:
            message = f"its timeout of {timeout} s is longer than its period of {period} s"
            yield container.problem(path, message)
        if path != "readinessProbe" and probe.get("successThreshold", 1) != 1:
            message = "must be 1 for a startup or liveness probe"
            yield container.problem(f"{path}.successThreshold", message)


def _grace(manifests: ManifestSet) -> Iterator[Problem]:
    for container in manifests.containers:
        grace = container.pod.spec.get("terminationGracePeriodSeconds", _DEFAULT_GRACE)
        hook = (container.fields.get("lifecycle") or {}).get("preStop") or {}
        delay = _sleep(hook)
        if delay and delay >= grace:
            message = f"the pod is killed after {grace} s, and preStop sleeps for {delay:g} s"
            yield container.pod.problem("terminationGracePeriodSeconds", message)


def _sleep(hook: Mapping[str, Any]) -> float:
    """Return the seconds that a hook sleeps, by its handler or by a `sleep` command."""
    command = " ".join(map(str, (hook.get("exec") or {}).get("command") or ()))
    seconds = sum(map(float, _SLEEP.findall(command)))
    return seconds or float((hook.get("sleep") or {}).get("seconds", 0))


RULES = (
    Rule(
        "K205",
        "a probe has exactly one handler",
        "The cluster refuses the pod.",
        _one_probe_handler,
    ),
    Rule(
        "K206",
        "a probe or hook uses a port of its own container",
        "The cluster accepts any name, but finds only the ports of this container. The probe then "
        "always fails, and the pod never becomes ready, or restarts again and again.",
        _ports,
    ),
    Rule(
        "K207",
        "a probe's timeout is not longer than its period, and one success is enough",
        "Overlapping probes slow down a slow app even more. The cluster refuses a success "
        "threshold other than 1 for startup and liveness probes.",
        _times,
    ),
    Rule(
        "K208",
        "a hook has exactly one handler",
        "The cluster refuses the pod.",
        _one_hook_handler,
    ),
    Rule(
        "K209",
        "the grace period is longer than the preStop hook",
        "The hook's time is part of the grace period. Kubernetes kills the app before it asks the "
        "app to stop, and in-flight requests fail.",
        _grace,
    ),
)
