"""Rules about what a pod may do to its node: the Pod Security Standard `restricted`, K3xx.

The standard is told at kubernetes.io/docs/concepts/security/pod-security-standards.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ferryman.targets.k8s.rules.reading import Container, containers, pods
from ferryman.targets.k8s.rules.rule import Manifest, Problem, Rule

__all__ = ("RULES",)

_VOLUMES = frozenset(
    (
        *("configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image"),
        *("persistentVolumeClaim", "projected", "secret"),
    )
)


def _setting(container: Container, name: str) -> Any:
    """Return a setting of the container, or else the pod's."""
    own = container.fields.get("securityContext") or {}
    return own.get(name, (container.pod.spec.get("securityContext") or {}).get(name))


def _root(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for container in containers(manifests):
        place = f"{container.path}.securityContext"
        if _setting(container, "runAsNonRoot") is not True:
            yield container.pod.manifest, place, "runAsNonRoot is not true"
        elif _setting(container, "runAsUser") == 0:
            yield container.pod.manifest, place, "runAsUser is 0, which is root"


def _escalation(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for container in containers(manifests):
        place = f"{container.path}.securityContext"
        own = container.fields.get("securityContext") or {}
        if own.get("privileged"):
            yield container.pod.manifest, place, "privileged is true"
        elif own.get("allowPrivilegeEscalation") is not False:
            yield container.pod.manifest, place, "allowPrivilegeEscalation is not false"


def _capabilities(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for container in containers(manifests):
        place = f"{container.path}.securityContext.capabilities"
        held = (container.fields.get("securityContext") or {}).get("capabilities") or {}
        if "ALL" not in (held.get("drop") or ()):
            yield container.pod.manifest, place, "ALL is not dropped"
        elif set(held.get("add") or ()) - {"NET_BIND_SERVICE"}:
            yield container.pod.manifest, place, "more than NET_BIND_SERVICE is added"


def _seccomp(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for container in containers(manifests):
        profile = (_setting(container, "seccompProfile") or {}).get("type")
        if profile not in ("RuntimeDefault", "Localhost"):
            place = f"{container.path}.securityContext.seccompProfile"
            yield container.pod.manifest, place, "it is neither RuntimeDefault nor Localhost"


def _host(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for pod in pods(manifests):
        for name in ("hostNetwork", "hostPID", "hostIPC"):
            if pod.spec.get(name):
                yield pod.manifest, f"{pod.path}spec.{name}", "the pod shares the node's"
        for volume in pod.spec.get("volumes") or ():
            for source in volume.keys() - {"name"} - _VOLUMES:
                message = f"the volume {volume.get('name')!r} is of the kind {source}"
                yield pod.manifest, f"{pod.path}spec.volumes", message


def _token(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for pod in pods(manifests):
        if not pod.spec.get("serviceAccountName") and (
            pod.spec.get("automountServiceAccountToken") is not False
        ):
            place = f"{pod.path}spec.automountServiceAccountToken"
            yield pod.manifest, place, "the pod gets the default account's key to the cluster"


_RESTRICTED = "A namespace that enforces the Pod Security Standard `restricted` refuses the pod. "

RULES = (
    Rule(
        "K301",
        "containers do not run as root",
        _RESTRICTED + "Who breaks out of a container of root is root on the node.",
        _root,
    ),
    Rule(
        "K302",
        "containers cannot gain rights",
        _RESTRICTED + "A program of root in the image would have its rights.",
        _escalation,
    ),
    Rule(
        "K303",
        "containers have no capabilities",
        _RESTRICTED + "A server on a port above 1023 needs none.",
        _capabilities,
    ),
    Rule(
        "K304",
        "system calls are filtered",
        _RESTRICTED + "Most ways out of a container begin with a call that no server makes.",
        _seccomp,
    ),
    Rule("K305", "pods share nothing with the node", _RESTRICTED, _host),
    Rule(
        "K306",
        "pods have an account of their own, or no key to the cluster",
        "What is granted to the account `default` is granted to every pod that has no other.",
        _token,
    ),
)
