"""Reads the server's ports, health checks and shutdown times from the server target's settings.

The server target builds the image. This target must not import it; they share `core.serving`.
"""

from __future__ import annotations

from dataclasses import replace

from ferryman.core.errors import ConfigError
from ferryman.core.serving import PRE_STOP_DELAY, Front, Serves
from ferryman.project.project import Project
from ferryman.targets.k8s.options import KubernetesOptions
from ferryman.targets.reachable_front import check_front

__all__ = ("plan_front",)


def plan_front(project: Project) -> Front:
    """Return the server's ports, health checks and shutdown times, with the preStop delay.

    Raises:
        ConfigError: The cluster could not reach the server or its health checks.
    """
    section: object = project.sections.get("server")
    front = section.front() if isinstance(section, Serves) else Front()
    check_front(front, "pod")
    _check_options(front, project.section("k8s", KubernetesOptions))
    return replace(front, timing=replace(front.timing, pre_stop_delay=PRE_STOP_DELAY))


def _check_options(front: Front, options: KubernetesOptions) -> None:
    if front.secure and options.flavour == "knative":
        raise ConfigError(
            "[tool.ferryman.server] certificate: Knative's proxy connects to pods without TLS",
            hint="omit certificate and private_key; Knative has its own certificates",
        )
    if front.admin is None and options.service_monitor:
        raise ConfigError(
            "service_monitor is set, but the server has no metrics with "
            '[tool.ferryman.server] admin_bind = ""',
            hint="omit admin_bind, or service_monitor",
        )
