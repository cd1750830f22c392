"""Rules about security: the Pod Security Standard `restricted`, K3xx.

Source: https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ferryman.targets.k8s.rules.manifest_reader import Container, ManifestSet, Pod, Problem
from ferryman.targets.k8s.rules.probes import PROBES
from ferryman.targets.k8s.rules.rule import Rule

__all__ = ("RULES",)

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


def _own(container: Container) -> Mapping[str, Any]:
    """Return the container's own security context."""
    return container.fields.get("securityContext") or {}


def _setting(container: Container, name: str) -> Any:
    """Return a setting of the container, or the pod's if the container has none."""
    return _own(container).get(name, (container.pod.spec.get("securityContext") or {}).get(name))


def _root(manifests: ManifestSet) -> Iterator[Problem]:
    for container in manifests.containers:
        if _setting(container, "runAsNonRoot") is not True:
            yield container.problem("securityContext", "runAsNonRoot is not true")
        elif _setting(container, "runAsUser") == 0:
            yield container.problem("securityContext", "runAsUser is 0, which is root")


def _escalation(manifests: ManifestSet) -> Iterator[Problem]:
    for container in manifests.containers:
        if _own(container).get("privileged"):
            yield container.problem("securityContext", "privileged is true")
        elif _own(container).get("allowPrivilegeEscalation") is not False:
            yield container.problem("securityContext", "allowPrivilegeEscalation is not false")


def _capabilities(manifests: ManifestSet) -> Iterator[Problem]:
    path = "securityContext.capabilities"
    for container in manifests.containers:
        capabilities = _own(container).get("capabilities") or {}
        if "ALL" not in (capabilities.get("drop") or ()):
            yield container.problem(path, "ALL is not dropped")
        elif set(capabilities.get("add") or ()) - {"NET_BIND_SERVICE"}:
            yield container.problem(path, "more than NET_BIND_SERVICE is added")


def _seccomp(manifests: ManifestSet) -> Iterator[Problem]:
    for container in manifests.containers:
        profile = (_setting(container, "seccompProfile") or {}).get("type")
        if profile not in ("RuntimeDefault", "Localhost"):
            message = "it is neither RuntimeDefault nor Localhost"
            yield container.problem("securityContext.seccompProfile", message)


def _host(manifests: ManifestSet) -> Iterator[Problem]:
    for pod in manifests.pods:
        for name in ("hostNetwork", "hostPID", "hostIPC"):
            if pod.spec.get(name):
                yield pod.problem(name, "the pod shares this namespace with the node")
        for volume in pod.spec.get("volumes") or ():
            for source in volume.keys() - {"name"} - _VOLUMES:
                message = f"the volume {volume.get('name')!r} may not be of the kind {source}"
                yield pod.problem("volumes", message)
    for container in manifests.containers:
        for port in container.fields.get("ports") or ():
            if port.get("hostPort"):
                yield container.problem("ports", f"it occupies port {port['hostPort']} of the node")
        for path, host in _hosts(container):
            message = f"the node would connect to {host!r} instead of the container"
            yield container.problem(path, message)


def _hosts(container: Container) -> Iterator[tuple[str, str]]:
    """Yield each probe or hook that connects to another host than the pod, with the host."""
    hooks = container.fields.get("lifecycle") or {}
    handlers = {name: container.fields.get(name) for name in PROBES}
    handlers |= {f"lifecycle.{name}": h for name, h in hooks.items() if isinstance(h, dict)}
    for path, probe_or_hook in handlers.items():
        for handler in ("httpGet", "tcpSocket"):
            if host := ((probe_or_hook or {}).get(handler) or {}).get("host"):
                yield path, host


def _kernel(manifests: ManifestSet) -> Iterator[Problem]:
    for pod in manifests.pods:
        context = pod.spec.get("securityContext") or {}
        for sysctl in context.get("sysctls") or ():
            if sysctl.get("name") not in _SYSCTLS:
                message = f"{sysctl.get('name')} is not a safe sysctl"
                yield pod.problem("securityContext", message)
        yield from _weakened(pod, context)
    for container in manifests.containers:
        context = _own(container)
        if context.get("procMount", "Default") != "Default":
            yield container.problem("securityContext", f"procMount is {context['procMount']}")
        yield from _weakened(container, context)


def _weakened(owner: Pod | Container, context: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield the protections of the kernel that a security context weakens."""
    if (context.get("appArmorProfile") or {}).get("type") == "Unconfined":
        yield owner.problem("securityContext", "appArmorProfile is Unconfined")
    labels = context.get("seLinuxOptions") or {}
    if labels.get("type", "") not in _SELINUX or labels.get("user") or labels.get("role"):
        message = "seLinuxOptions sets a user, a role or an unconfined type"
        yield owner.problem("securityContext", message)
    if (context.get("windowsOptions") or {}).get("hostProcess"):
        yield owner.problem("securityContext", "windowsOptions.hostProcess is true")


def _token(manifests: ManifestSet) -> Iterator[Problem]:
    for pod in manifests.pods:
        account = pod.spec.get("serviceAccountName") or pod.spec.get("serviceAccount")
        mounted = pod.spec.get("automountServiceAccountToken") is not False
        if account in (None, "default") and mounted:
            message = "the pod gets an API token of the account `default`"
            yield pod.problem("automountServiceAccountToken", message)


_RESTRICTED = "A namespace that enforces the Pod Security Standard `restricted` refuses the pod."

RULES = (
    Rule(
        "K301",
        "containers do not run as root",
        f"{_RESTRICTED} A process that escapes such a container is root on the node.",
        _root,
    ),
    Rule(
        "K302",
        "containers cannot gain privileges",
        f"{_RESTRICTED} A setuid program in the image would run as root.",
        _escalation,
    ),
    Rule(
        "K303",
        "containers have no capabilities",
        f"{_RESTRICTED} A server on a port above 1023 needs no capability.",
        _capabilities,
    ),
    Rule(
        "K304",
        "system calls are filtered",
        f"{_RESTRICTED} Most escapes from a container begin with a system call that no server "
        "makes.",
        _seccomp,
    ),
    Rule("K305", "pods share nothing with their node", _RESTRICTED, _host),
    Rule(
        "K306",
        "pods have their own account, or no API token",
        "Permissions of the account `default` apply to every pod that has no account of its own.",
        _token,
    ),
    Rule(
        "K307",
        "the kernel's protections stay on",
        f"{_RESTRICTED} AppArmor, SELinux, a masked /proc and safe sysctls are the defaults.",
        _kernel,
    ),
)
