"""The pod template around the container: identity, security, scheduling, volumes."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from ferryman.core import serving
from ferryman.targets.k8s.manifests import container
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.manifests.metadata import LABELS_REASON, WEB, labels, selector
from ferryman.targets.k8s.values import Process, Values

__all__ = (
    *("REASONS", "NO_ACCESS_REASON"),
    *("background_template", "pod_template", "pull_secrets", "security_context"),
)

NO_ACCESS_REASON = "The app does not call the cluster's API, so it gets no token."

REASONS: Mapping[str, str] = {
    "metadata.labels": LABELS_REASON,
    **{f"spec.containers[].{field}": why for field, why in container.REASONS.items()},
    "spec.automountServiceAccountToken": NO_ACCESS_REASON,
    "spec.enableServiceLinks": "Otherwise Kubernetes adds variables such as `SHOP_PORT=tcp://…` "
    "for each Service of the namespace, which the app may mistake for its own settings.",
    "spec.hostUsers": "`user_namespaces`. Omitted if unset. A process that escapes the container "
    "then has no rights on the node.",
    "spec.imagePullSecrets[].name": "`pull_secrets`. Omitted if empty: in many clouds nodes pull "
    "from the cloud's own registry without a Secret.",
    "spec.nodeSelector": "`node_selector`. Omitted if empty.",
    "spec.priorityClassName": "`priority_class`. Omitted if unset.",
    "spec.tolerations": "`tolerations`. Omitted if empty. A toleration without a value tolerates "
    "any value of the taint.",
    "spec.serviceAccountName": "The app's own account.",
    "spec.securityContext.runAsNonRoot": "Pod Security Standard `restricted`.",
    "spec.securityContext.runAsUser": "A number, because Kubernetes cannot tell from a name "
    "whether the user is root.",
    "spec.securityContext.runAsGroup": "Without it the group may be root.",
    "spec.securityContext.seccompProfile.type": "Pod Security Standard `restricted`.",
    "spec.terminationGracePeriodSeconds": f"The sum of the {serving.PRE_STOP_DELAY} s of the "
    "preStop hook, `drain_delay` and `graceful_timeout` of `[tool.ferryman.server]` "
    f"({serving.DRAIN_DELAY} and {serving.GRACEFUL_TIMEOUT} s), {serving.CANCEL_TIMEOUT} s for "
    f"cancelled handlers, {serving.CLEANUP_TIMEOUT} s for the app's cleanup and "
    f"{serving.EXIT_TIMEOUT} s to exit. Then Kubernetes kills the process.",
    "spec.topologySpreadConstraints[].labelSelector.matchLabels": "The pods of this workload.",
    "spec.topologySpreadConstraints[].matchLabelKeys": "Spreads the pods of each release on their "
    "own, so the old release's pods do not distort a rollout.",
    "spec.topologySpreadConstraints[].maxSkew": "As even as possible.",
    "spec.topologySpreadConstraints[].topologyKey": "If a node or a zone fails, pods on the others "
    "still serve.",
    "spec.topologySpreadConstraints[].whenUnsatisfiable": "With `ScheduleAnyway` the pods also "
    'start on a cluster with one node or one zone. With `spread = "require"` they wait.',
    "spec.volumes[].name": "The volume for temporary files.",
    "spec.volumes[].emptyDir": "On the node's disk. Kubernetes deletes it with the pod.",
}


def pod_template(values: Values) -> Fields:
    """Return the pod template of the web process."""
    return _template(values, WEB, container.container(values), lasting=True)


def background_template(values: Values, process: Process, *, lasting: bool) -> Fields:
    """Return the pod template of a background process.

    Args:
        values: The values of the project.
        process: The process.
        lasting: Whether it runs until it is stopped; otherwise it ends by itself.
    """
    made = container.background_container(values, process)
    return _template(values, process.name, made, lasting=lasting)


def _template(values: Values, component: str, container_: Fields, *, lasting: bool) -> Fields:
    domains = ("kubernetes.io/hostname", "topology.kubernetes.io/zone") if lasting else ()
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
            tolerations=[_toleration(*parts) for parts in values.scheduling.tolerations] or None,
            service_account_name=values.name,
            containers=[container_],
            restart_policy=None if lasting else "Never",
            security_context=security_context(),
            termination_grace_period_seconds=ceil(values.front.timing.termination_grace),
            topology_spread_constraints=[_spread(values, component, key) for key in domains]
            or None,
            volumes=[temporary],
        ),
    )


def pull_secrets(values: Values) -> list[Fields] | None:
    """Return references to the Secrets for pulling the image, or None without any."""
    return [fields(name=name) for name in values.pull_secrets] or None


def _toleration(key: str, value: str | None, effect: str | None) -> Fields:
    operator = "Exists" if value is None else "Equal"
    return fields(key=key, operator=operator, value=value, effect=effect)


def security_context() -> Fields:
    """Return the security context of a pod, by the Pod Security Standard `restricted`."""
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
