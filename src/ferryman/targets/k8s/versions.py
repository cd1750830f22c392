"""Chooses the fields that depend on the version of Kubernetes.

A field that a version does not know is omitted or replaced, and a note says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from ferryman.targets.k8s.options import KubernetesOptions

__all__ = ("Chosen", "choose")

_USER_NAMESPACES = 33
"""User namespaces for pods: KEP-127, beta and on by default in 1.33, stable in 1.36."""

_PREFER_SAME_ZONE = 34
"""`PreferSameZone`: KEP-3015, beta and on by default in 1.34, stable in 1.35."""

_PREFER_CLOSE = 31
"""`PreferClose`, its older name: KEP-4444, beta and on by default in 1.31, stable in 1.33."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The fields that depend on the version.

    Attributes:
        host_users: The pod's hostUsers, or None to omit it.
        traffic: The Service's trafficDistribution, or None to omit it.
        notes: Sentences about what was omitted or replaced.
    """

    host_users: bool | None
    traffic: str | None
    notes: tuple[str, ...]


def choose(options: KubernetesOptions) -> Chosen:
    """Return the fields for the version of Kubernetes that the options name."""
    version = options.kube_version
    minor = int(version.partition(".")[2])
    notes: list[str] = []
    return Chosen(
        host_users=_host_users(options.user_namespaces, minor, notes),
        traffic=_traffic(options.same_zone, minor, notes),
        notes=tuple(f"Kubernetes {version}: {note}" for note in notes),
    )


def _host_users(wanted: bool, minor: int, notes: list[str]) -> bool | None:
    if wanted and minor < _USER_NAMESPACES:
        notes.append(
            f"hostUsers is omitted; user namespaces are on by default from 1.{_USER_NAMESPACES}"
        )
        return None
    return False if wanted else None


def _traffic(wanted: bool, minor: int, notes: list[str]) -> str | None:
    if not wanted or minor >= _PREFER_SAME_ZONE:
        return "PreferSameZone" if wanted else None
    if minor >= _PREFER_CLOSE:
        notes.append(
            "trafficDistribution is PreferClose, the name of PreferSameZone "
            f"before 1.{_PREFER_SAME_ZONE}"
        )
        return "PreferClose"
    notes.append(f"trafficDistribution is omitted; Kubernetes has it from 1.{_PREFER_CLOSE}")
    return None
