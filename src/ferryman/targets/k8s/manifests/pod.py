"""The pod: what holds for it as a whole, around its one container."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from ferryman.core import serving
from ferryman.targets.k8s.manifests import container
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.manifests.metadata import LABELS_REASON, WEB, labels, selector
from ferryman.targets.k8s.values import Process, Values

__all__ = ("REASONS", "background_template", "pod_template", "pull_secrets")


REASONS: Mapping[str, str] = {
    "metadata.labels": LABELS_REASON,
    **{f"spec.containers[].{field}": why for field, why in container.REASONS.items()},
    "spec.automountServiceAccountToken": "The app does not speak to the cluster, so it gets no "
    "key to it.",
    "spec.enableServiceLinks": "Otherwise each Service of the namespace adds variables such as "
    "`SHOP_PORT=tcp://…`, which an app may take for settings of its own.",
    "spec.hostUsers": "`user_namespaces`; not written where it is not set. Who breaks out of "
    "the container has no identity on the node.",
    "spec.imagePullSecrets[].name": "`pull_secrets`; not written where there are none. Many clouds "
    "let their nodes pull from a registry of theirs without.",
    "spec.nodeSelector": "`node_selector`; not written where there is none.",
    "spec.priorityClassName": "`priority_class`; not written where it is not set.",
    "spec.tolerations": "`tolerations`; not written where there are none. Without a value a taint "
    "of any value is tolerated.",
    "spec.serviceAccountName": "The app's own account.",
    "spec.securityContext.runAsNonRoot": "Pod Security Standard `restricted`.",
    "spec.securityContext.runAsUser": "A number, because a name cannot be checked against root.",
    "spec.securityContext.runAsGroup": "Otherwise the group may be root's.",
    "spec.securityContext.seccompProfile.type": "Pod Security Standard `restricted`.",
    "spec.terminationGracePeriodSeconds": f"The {serving.PRE_STOP_DELAY} s before the stop, "
    "`drain_delay` and `graceful_timeout` of `[tool.ferryman.server]` "
    f"({serving.DRAIN_DELAY} and {serving.GRACEFUL_TIMEOUT} s), {serving.CANCEL_TIMEOUT} s for "
    f"cancelled handlers, {serving.CLEANUP_TIMEOUT} s for the app's cleanup and "
    f"{serving.EXIT_TIMEOUT} s to exit. Then comes the kill.",
    "spec.topologySpreadConstraints[].labelSelector.matchLabels": "The pods of this project.",
    "spec.topologySpreadConstraints[].matchLabelKeys": "Pods of the release that is going away "
    "do not count.",
    "spec.topologySpreadConstraints[].maxSkew": "As even as the number of pods allows.",
    "spec.topologySpreadConstraints[].topologyKey": "Where there are several nodes or zones, "
    "the loss of one leaves pods that answer.",
    "spec.topologySpreadConstraints[].whenUnsatisfiable": "On a cluster with one node or one "
    'zone the pods still start; with `spread = "require"` they wait.',
    "spec.volumes[].name": "The volume for temporary files.",
    "spec.volumes[].emptyDir": "On the node's disk, gone with the pod.",
}


def pod_template(values: Values) -> Fields:
    """Return the pod that a Deployment makes copies of."""
    return _template(values, WEB, container.container(values), lasting=True)


def background_template(values: Values, process: Process, *, lasting: bool) -> Fields:
    """Return the pod of a process beside the server.

    Args:
        values: What the manifests are made of.
        process: The process.
        lasting: Whether it runs forever, and not to an end.
    """
    made = container.background_container(values, process)
    return _template(values, process.name, made, lasting=lasting)


def _template(values: Values, component: str, only: Fields, *, lasting: bool) -> Fields:
    zones = ("kubernetes.io/hostname", "topology.kubernetes.io/zone") if lasting else ()
    temporary = fields(name=container.TEMPORARY_VOLUME, empty_dir=fields())
    return fields(
        metadata=fields(labels=labels(values, component)),
        spec=fields(
            automount_service_account_token=False,
            enable_service_links=False,
            host_users=values.chosen.host_users,
            image_pull_secrets=pull_secrets(values),
            node_selector=dict(values.scheduling.node_selector) or None,
            priority_class_name=values.scheduling.priority_class,
            tolerations=[_toleration(*each) for each in values.scheduling.tolerations] or None,
            service_account_name=values.name,
            containers=[only],
            restart_policy=None if lasting else "Never",
            security_context=_security(),
            termination_grace_period_seconds=ceil(values.front.timing.termination_grace),
            topology_spread_constraints=[_spread(values, component, zone) for zone in zones]
            or None,
            volumes=[temporary],
        ),
    )


def pull_secrets(values: Values) -> list[Fields] | None:
    """Return the references to what the image is pulled by, or None where there are none."""
    return [fields(name=name) for name in values.pull_secrets] or None


def _toleration(key: str, value: str | None, effect: str | None) -> Fields:
    operator = "Exists" if value is None else "Equal"
    return fields(key=key, operator=operator, value=value, effect=effect)


def _security() -> Fields:
    return fields(
        run_as_non_root=True,
        run_as_user=serving.USER_ID,
        run_as_group=serving.USER_ID,
        seccomp_profile=fields(type="RuntimeDefault"),
    )


def _spread(values: Values, component: str, topology: str) -> Fields:
    return fields(
        max_skew=1,
        topology_key=topology,
        when_unsatisfiable="DoNotSchedule" if values.scheduling.required else "ScheduleAnyway",
        label_selector=fields(match_labels=selector(values, component)),
        match_label_keys=["pod-template-hash"],
    )
