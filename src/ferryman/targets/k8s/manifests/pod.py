"""The pod: what holds for it as a whole, around its one container."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from kubernetes import client

from ferryman.core import serving
from ferryman.targets.k8s.manifests import container
from ferryman.targets.k8s.manifests.metadata import LABELS_REASON, labels, selector
from ferryman.targets.k8s.values import Values

__all__ = ("REASONS", "pod_template", "pull_secrets")


REASONS: Mapping[str, str] = {
    "metadata.labels": LABELS_REASON,
    **{f"spec.containers[].{field}": why for field, why in container.REASONS.items()},
    "spec.automountServiceAccountToken": "The app does not speak to the cluster, so it gets no "
    "key to it.",
    "spec.enableServiceLinks": "Otherwise each Service of the namespace adds variables such as "
    "`SHOP_PORT=tcp://…`, which an app may take for settings of its own.",
    "spec.hostUsers": "`user_namespaces`; not written where it is not set. Who breaks out of "
    "the container is nobody on the node.",
    "spec.imagePullSecrets[].name": "`pull_secrets`; not written where there are none. Many clouds "
    "let their nodes pull from a registry of theirs without.",
    "spec.serviceAccountName": "The app's own account.",
    "spec.securityContext.runAsNonRoot": "Pod Security Standard `restricted`.",
    "spec.securityContext.runAsUser": "A number, for a name cannot be checked against root.",
    "spec.securityContext.runAsGroup": "Otherwise the group may be root's.",
    "spec.securityContext.seccompProfile.type": "Pod Security Standard `restricted`.",
    "spec.terminationGracePeriodSeconds": f"The {serving.PRE_STOP_DELAY} s before the stop, "
    "`drain_delay` and `graceful_timeout` of `[tool.ferryman.server]` "
    f"({serving.DRAIN_DELAY} and {serving.GRACEFUL_TIMEOUT} s), and {serving.CLEANUP_TIMEOUT} s "
    "for the cleanup. Then comes the kill.",
    "spec.topologySpreadConstraints[].labelSelector.matchLabels": "The pods of this project.",
    "spec.topologySpreadConstraints[].matchLabelKeys": "Pods of the release that is going away "
    "do not count.",
    "spec.topologySpreadConstraints[].maxSkew": "As even as the number of pods allows.",
    "spec.topologySpreadConstraints[].topologyKey": "Where there are several nodes or zones, "
    "the loss of one leaves pods that answer.",
    "spec.topologySpreadConstraints[].whenUnsatisfiable": "On a cluster with one node or one "
    "zone the pods still start.",
    "spec.volumes[].name": "The volume for temporary files.",
    "spec.volumes[].emptyDir": "On the node's disk, gone with the pod.",
}


def pod_template(values: Values) -> client.V1PodTemplateSpec:
    """Return the pod that a Deployment makes copies of."""
    return client.V1PodTemplateSpec(
        metadata=client.V1ObjectMeta(labels=labels(values)),
        spec=client.V1PodSpec(
            automount_service_account_token=False,
            enable_service_links=False,
            host_users=values.chosen.host_users,
            image_pull_secrets=pull_secrets(values),
            service_account_name=values.name,
            containers=[container.container(values)],
            security_context=_security(),
            termination_grace_period_seconds=ceil(values.front.timing.termination_grace),
            topology_spread_constraints=[
                _spread(values, "kubernetes.io/hostname"),
                _spread(values, "topology.kubernetes.io/zone"),
            ],
            volumes=[
                client.V1Volume(
                    name=container.TEMPORARY_VOLUME, empty_dir=client.V1EmptyDirVolumeSource()
                )
            ],
        ),
    )


def pull_secrets(values: Values) -> list[client.V1LocalObjectReference] | None:
    """Return the references to what the image is pulled by, or None where there are none."""
    return [client.V1LocalObjectReference(name=name) for name in values.pull_secrets] or None


def _security() -> client.V1PodSecurityContext:
    return client.V1PodSecurityContext(
        run_as_non_root=True,
        run_as_user=serving.USER_ID,
        run_as_group=serving.USER_ID,
        seccomp_profile=client.V1SeccompProfile(type="RuntimeDefault"),
    )


def _spread(values: Values, topology: str) -> client.V1TopologySpreadConstraint:
    return client.V1TopologySpreadConstraint(
        max_skew=1,
        topology_key=topology,
        when_unsatisfiable="ScheduleAnyway",
        label_selector=client.V1LabelSelector(match_labels=selector(values)),
        match_label_keys=["pod-template-hash"],
    )
