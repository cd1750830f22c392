"""The ServiceAccount: the identity of the pods in the cluster and in its cloud."""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.manifests.pod import NO_ACCESS_REASON
from ferryman.targets.k8s.values import Values

__all__ = ("REASONS", "service_account")

REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    "kind": "With its own account the app does not share permissions with pods that use the "
    "account `default`.",
    **metadata.REASONS,
    "metadata.annotations": "`service_account_annotations`. Clouds use them to grant the app a "
    "role.",
    "automountServiceAccountToken": NO_ACCESS_REASON,
}


def service_account(values: Values) -> Fields:
    """Return the ServiceAccount. No pod gets its token."""
    described = metadata.object_metadata(values)
    if values.annotations:
        described["annotations"] = dict(values.annotations)
    return fields(
        api_version="v1",
        kind="ServiceAccount",
        metadata=described,
        automount_service_account_token=False,
    )
