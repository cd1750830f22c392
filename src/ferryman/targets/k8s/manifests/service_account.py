"""The ServiceAccount: who the pods are to the cluster, and to a cloud behind it."""

from __future__ import annotations

from collections.abc import Mapping

from ferryman.targets.k8s.manifests import metadata
from ferryman.targets.k8s.manifests.api_fields import Fields, fields
from ferryman.targets.k8s.values import Values

__all__ = ("REASONS", "service_account")

REASONS: Mapping[str, str] = {
    "apiVersion": "The stable version of the kind.",
    "kind": "An account of its own, so that what is granted to `default` is not granted to the "
    "app, nor the other way round.",
    **metadata.REASONS,
    "metadata.annotations": "`service_account_annotations`: clouds grant a role by them.",
    "automountServiceAccountToken": "The app does not speak to the cluster, so it gets no key "
    "to it.",
}


def service_account(values: Values) -> Fields:
    """Return the ServiceAccount, whose token no pod gets."""
    described = metadata.object_metadata(values)
    if values.annotations:
        described["annotations"] = dict(values.annotations)
    return fields(
        api_version="v1",
        kind="ServiceAccount",
        metadata=described,
        automount_service_account_token=False,
    )
