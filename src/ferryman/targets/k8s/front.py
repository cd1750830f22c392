"""What the server in the pods shows to the cluster, as its own settings have it.

The image is built by the server target, which this one does not know: what they share is
the protocol in core.
"""

from __future__ import annotations

from dataclasses import replace

from ferryman.core.build.project import Project
from ferryman.core.errors import ConfigError
from ferryman.core.serving import PRE_STOP_DELAY, Endpoint, Front, Serves
from ferryman.targets.k8s.options import KubernetesOptions

__all__ = ("plan_front",)


def plan_front(project: Project) -> Front:
    """Return what the server shows, and how long it takes to stop here.

    Raises:
        ConfigError: The cluster could not reach it, or not see whether it is well.
    """
    section: object = project.sections.get("server")
    front = section.front() if isinstance(section, Serves) else Front()
    _check_reachable("bind", front.app)
    if front.admin is not None:
        _check_reachable("admin_bind", front.admin)
    _check_wishes(front, project.section("k8s", KubernetesOptions))
    return replace(front, timing=replace(front.timing, pre_stop_delay=PRE_STOP_DELAY))


def _check_wishes(front: Front, options: KubernetesOptions) -> None:
    if front.secure and options.flavour == "knative":
        raise ConfigError(
            "[tool.ferryman.server] certificate: Knative's proxy asks pods without TLS",
            hint="leave certificate and private_key out; Knative has certificates of its own",
        )
    if front.admin is None and not front.health_on_app_port:
        raise ConfigError(
            "[tool.ferryman.server] has no health checks, and a pod needs some",
            cause='admin_bind = "" and health_on_app_port = false',
            hint="leave admin_bind out, or set health_on_app_port = true",
        )
    if front.admin is None and options.service_monitor:
        raise ConfigError(
            'service_monitor is set, and [tool.ferryman.server] admin_bind = "" has no metrics',
            hint="leave admin_bind out, or service_monitor",
        )


def _check_reachable(key: str, place: Endpoint) -> None:
    if place.is_local:
        raise ConfigError(
            f"[tool.ferryman.server] {key}: nothing outside of the pod could connect to it",
            cause="it is a UNIX socket" if place.port is None else f"{place.host} is loopback",
            hint="leave it out, and it is a port of every address in an image",
        )
    if not place.port:
        raise ConfigError(
            f"[tool.ferryman.server] {key}: port 0 is another one in each pod",
            hint="leave it out, or set a port",
        )
