"""Tables of the values and ranges of fields, and of fields that need or exclude each other."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

__all__ = ("AT_MOST_ONE", "ONE_OF", "RANGES", "REQUIRED", "enumerations")

_MANY = 2**31 - 1
_ID = (0, _MANY)
_COUNT = (0, _MANY)
_PORT = (1, 65535)


@cache
def enumerations() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Return the values that a field accepts, by type and field, according to a 1.36 API server."""
    text = files(__package__).joinpath("enumerations.json").read_text("utf-8")
    by_type: dict[str, dict[str, tuple[str, ...]]] = {}
    for key, values in {**json.loads(text)["enums"], **_MORE}.items():
        type_, _, field = key.rpartition(".")
        by_type.setdefault(type_, {})[field] = tuple(values)
    return by_type


# Values that the server checks in its code and that its OpenAPI document does not list.
_MORE: Mapping[str, tuple[str, ...]] = {
    "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy.whenDeleted": ("Delete", "Retain"),
    "apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy.whenScaled": ("Delete", "Retain"),
    "autoscaling.v2.HPAScalingPolicy.type": ("Percent", "Pods"),
    "autoscaling.v2.HPAScalingRules.selectPolicy": ("Disabled", "Max", "Min"),
    "autoscaling.v2.MetricSpec.type": (
        *("ContainerResource", "External", "Object", "Pods", "Resource"),
    ),
    "autoscaling.v2.MetricTarget.type": ("AverageValue", "Utilization", "Value"),
    "core.v1.ContainerResizePolicy.restartPolicy": ("NotRequired", "RestartContainer"),
    "core.v1.PodOS.name": ("linux", "windows"),
    "core.v1.ServiceSpec.trafficDistribution": (
        *("PreferClose", "PreferSameNode", "PreferSameZone"),
    ),
    "core.v1.ObjectFieldSelector.apiVersion": ("v1",),
    "meta.v1.LabelSelectorRequirement.operator": ("DoesNotExist", "Exists", "In", "NotIn"),
    "rbac.v1.RoleRef.kind": ("ClusterRole", "Role"),
    "rbac.v1.RoleRef.apiGroup": ("", "rbac.authorization.k8s.io"),
    "rbac.v1.Subject.kind": ("Group", "ServiceAccount", "User"),
}

RANGES: Mapping[str, Mapping[str, tuple[int, int]]] = {
    "apps.v1.DaemonSetSpec": {"minReadySeconds": _COUNT, "revisionHistoryLimit": _COUNT},
    "apps.v1.DeploymentSpec": {
        "minReadySeconds": _COUNT,
        "progressDeadlineSeconds": _COUNT,
        "replicas": _COUNT,
        "revisionHistoryLimit": _COUNT,
    },
    "apps.v1.ReplicaSetSpec": {"minReadySeconds": _COUNT},
    "apps.v1.RollingUpdateStatefulSetStrategy": {"partition": _COUNT},
    "apps.v1.StatefulSetOrdinals": {"start": _COUNT},
    "apps.v1.StatefulSetSpec": {"minReadySeconds": _COUNT, "revisionHistoryLimit": _COUNT},
    "autoscaling.v2.HPAScalingPolicy": {"periodSeconds": (1, 1800), "value": (1, _MANY)},
    "autoscaling.v2.HPAScalingRules": {"stabilizationWindowSeconds": (0, 3600)},
    "autoscaling.v2.HorizontalPodAutoscalerSpec": {"maxReplicas": (1, _MANY)},
    "batch.v1.CronJobSpec": {
        "failedJobsHistoryLimit": _COUNT,
        "startingDeadlineSeconds": _COUNT,
        "successfulJobsHistoryLimit": _COUNT,
    },
    "batch.v1.JobSpec": {
        "activeDeadlineSeconds": _COUNT,
        "backoffLimit": _COUNT,
        "backoffLimitPerIndex": _COUNT,
        "completions": _COUNT,
        "maxFailedIndexes": _COUNT,
        "parallelism": _COUNT,
        "ttlSecondsAfterFinished": _COUNT,
    },
    "core.v1.ClientIPConfig": {"timeoutSeconds": (1, 86400)},
    "core.v1.ConfigMapVolumeSource": {"defaultMode": (0, 0o777)},
    "core.v1.DownwardAPIVolumeSource": {"defaultMode": (0, 0o777)},
    "core.v1.GRPCAction": {"port": _PORT},
    "core.v1.KeyToPath": {"mode": (0, 0o777)},
    "core.v1.PodSecurityContext": {"fsGroup": _ID, "runAsGroup": _ID, "runAsUser": _ID},
    "core.v1.PodSpec": {
        "activeDeadlineSeconds": (1, _MANY),
        "terminationGracePeriodSeconds": _COUNT,
    },
    "core.v1.PreferredSchedulingTerm": {"weight": (1, 100)},
    "core.v1.Probe": {
        "failureThreshold": _COUNT,
        "initialDelaySeconds": _COUNT,
        "periodSeconds": _COUNT,
        "successThreshold": _COUNT,
        "terminationGracePeriodSeconds": (1, _MANY),
        "timeoutSeconds": _COUNT,
    },
    "core.v1.ProjectedVolumeSource": {"defaultMode": (0, 0o777)},
    "core.v1.SecretVolumeSource": {"defaultMode": (0, 0o777)},
    "core.v1.SecurityContext": {"runAsGroup": _ID, "runAsUser": _ID},
    "core.v1.ServiceAccountTokenProjection": {"expirationSeconds": (600, 2**32)},
    "core.v1.ServiceSpec": {"healthCheckNodePort": (0, 65535)},
    "core.v1.TopologySpreadConstraint": {"maxSkew": (1, _MANY), "minDomains": (1, _MANY)},
    "core.v1.WeightedPodAffinityTerm": {"weight": (1, 100)},
    "networking.v1.NetworkPolicyPort": {"endPort": _PORT},
}
"""The smallest and the largest number that a field accepts."""

ONE_OF: Mapping[str, tuple[str, ...]] = {
    "core.v1.EnvFromSource": ("configMapRef", "secretRef"),
    "core.v1.EnvVarSource": (
        *("configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef"),
    ),
    "networking.v1.IngressBackend": ("resource", "service"),
    "networking.v1.ServiceBackendPort": ("name", "number"),
}
"""The fields of which exactly one must be set."""

AT_MOST_ONE: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "core.v1.VolumeMount": (("subPath", "subPathExpr"),),
    "core.v1.VolumeProjection": (
        (
            "clusterTrustBundle",
            "configMap",
            "downwardAPI",
            "podCertificate",
            "secret",
            "serviceAccountToken",
        ),
    ),
}
"""The fields of which at most one may be set."""

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "core.v1.Container": ("name",),
    "core.v1.EnvVar": ("name",),
    "core.v1.ExecAction": ("command",),
    "core.v1.HTTPHeader": ("name",),
    "core.v1.HostAlias": ("ip",),
    "core.v1.NFSVolumeSource": ("path", "server"),
    "core.v1.PersistentVolumeClaimSpec": ("accessModes",),
    "core.v1.PersistentVolumeClaimVolumeSource": ("claimName",),
    "core.v1.PodAffinityTerm": ("topologyKey",),
    "core.v1.PodSpec": ("containers",),
    "core.v1.TopologySpreadConstraint": ("topologyKey",),
    "core.v1.VolumeMount": ("mountPath", "name"),
    "batch.v1.CronJobSpec": ("schedule",),
    "networking.v1.IngressServiceBackend": ("name",),
    "networking.v1.HTTPIngressRuleValue": ("paths",),
    "rbac.v1.PolicyRule": ("verbs",),
    "rbac.v1.RoleRef": ("name",),
    "rbac.v1.Subject": ("name",),
    "autoscaling.v2.CrossVersionObjectReference": ("kind", "name"),
}
"""The fields that must be set and not empty."""
