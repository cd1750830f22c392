"""What the server in the pods shows to the cluster, as its own settings have it.

The image is built by the server target, which this one does not know: what they share is
the protocol in core.
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
    """Return what the server shows, and how long it takes to stop here.

    Raises:
        ConfigError: The cluster could not reach it, or not see whether it is well.
    """
    section: object = project.sections.get("server")
    front = section.front() if isinstance(section, Serves) else Front()
    check_front(front, "pod")
    _check_wishes(front, project.section("k8s", KubernetesOptions))
    return replace(front, timing=replace(front.timing, pre_stop_delay=PRE_STOP_DELAY))


def _check_wishes(front: Front, options: KubernetesOptions) -> None:
    if front.secure and options.flavour == "knative":
        raise ConfigError(
            "[tool.ferryman.server] certificate: Knative's proxy asks pods without TLS",
            hint="leave certificate and private_key out; Knative has certificates of its own",
        )
    if front.admin is None and options.service_monitor:
        raise ConfigError(
            'service_monitor is set, and [tool.ferryman.server] admin_bind = "" has no metrics',
            hint="leave admin_bind out, or service_monitor",
        )
