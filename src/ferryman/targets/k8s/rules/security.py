"""Rules about what a pod may do to its node: the Pod Security Standard `restricted`, K3xx.

The standard is told at kubernetes.io/docs/concepts/security/pod-security-standards.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ferryman.targets.k8s.rules.manifest_reader import Container, containers, pods
from ferryman.targets.k8s.rules.rule import Manifest, Problem, Rule

__all__ = ("RULES",)

_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
_SELINUX = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
_SYSCTLS = frozenset(
    (
        *("kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range"),
        *("net.ipv4.ip_local_reserved_ports", "net.ipv4.ip_unprivileged_port_start"),
        *("net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout"),
        *("net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes"),
        *("net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies"),
        "net.ipv4.tcp_wmem",
    )
)
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
    for container in containers(manifests):
        for port in container.fields.get("ports") or ():
            if port.get("hostPort"):
                message = f"the port {port['hostPort']} of the node is taken"
                yield container.pod.manifest, f"{container.path}.ports", message
        for place, host in _asked(container):
            message = f"the node is made to ask {host!r}, and not the container"
            yield container.pod.manifest, f"{container.path}.{place}", message


def _asked(container: Container) -> Iterator[tuple[str, str]]:
    """Yield what a probe or a hook asks where that is another host than the pod."""
    hooks = container.fields.get("lifecycle") or {}
    asking = {name: container.fields.get(name) for name in _PROBES}
    asking |= {f"lifecycle.{name}": hook for name, hook in hooks.items() if isinstance(hook, dict)}
    for place, probe in asking.items():
        for handler in ("httpGet", "tcpSocket"):
            if host := ((probe or {}).get(handler) or {}).get("host"):
                yield place, host


def _kernel(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for pod in pods(manifests):
        place = f"{pod.path}spec.securityContext"
        own = pod.spec.get("securityContext") or {}
        for sysctl in own.get("sysctls") or ():
            if sysctl.get("name") not in _SYSCTLS:
                yield pod.manifest, place, f"the sysctl {sysctl.get('name')} is not a safe one"
        yield from _loosened(pod.manifest, place, own)
    for container in containers(manifests):
        place = f"{container.path}.securityContext"
        own = container.fields.get("securityContext") or {}
        if own.get("procMount", "Default") != "Default":
            yield container.pod.manifest, place, f"procMount is {own['procMount']}"
        yield from _loosened(container.pod.manifest, place, own)


def _loosened(manifest: Manifest, place: str, own: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield what a security context takes away of the kernel's own guards."""
    if (own.get("appArmorProfile") or {}).get("type") == "Unconfined":
        yield manifest, place, "appArmorProfile is Unconfined"
    labels = own.get("seLinuxOptions") or {}
    if labels.get("type", "") not in _SELINUX or labels.get("user") or labels.get("role"):
        yield manifest, place, "seLinuxOptions set a user, a role or a type of few limits"
    if (own.get("windowsOptions") or {}).get("hostProcess"):
        yield manifest, place, "windowsOptions.hostProcess is true"


def _token(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for pod in pods(manifests):
        account = pod.spec.get("serviceAccountName") or pod.spec.get("serviceAccount")
        mounted = pod.spec.get("automountServiceAccountToken") is not False
        if account in (None, "default") and mounted:
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
    Rule(
        "K307",
        "the kernel's guards stay as they are",
        _RESTRICTED + "AppArmor, SELinux, masked /proc and safe sysctls are on by default.",
        _kernel,
    ),
)
