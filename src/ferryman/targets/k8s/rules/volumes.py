"""Rules about volumes, and about keys of ConfigMaps and Secrets: K210 to K213."""

from __future__ import annotations

from collections.abc import Iterator

from ferryman.targets.k8s.rules.manifest_reader import ManifestSet, Problem
from ferryman.targets.k8s.rules.rule import Rule

__all__ = ("RULES",)


def _mounts(manifests: ManifestSet) -> Iterator[Problem]:
    for container in manifests.containers:
        volumes = {volume.get("name") for volume in container.pod.spec.get("volumes") or ()}
        if container.pod.manifest.kind == "StatefulSet":
            claims = container.pod.manifest.spec.get("volumeClaimTemplates") or ()
            volumes |= {(claim.get("metadata") or {}).get("name") for claim in claims}
        for mount in container.fields.get("volumeMounts") or ():
            if mount.get("name") not in volumes:
                message = f"the pod has no volume {mount.get('name')!r}"
                yield container.problem("volumeMounts", message)


def _mount_paths(manifests: ManifestSet) -> Iterator[Problem]:
    for container in manifests.containers:
        paths = [str(m.get("mountPath", "")) for m in container.fields.get("volumeMounts") or ()]
        if len(set(paths)) < len(paths):
            yield container.problem("volumeMounts", "two volumes are mounted at the same path")


def _volumes(manifests: ManifestSet) -> Iterator[Problem]:
    for pod in manifests.pods:
        volumes = pod.spec.get("volumes") or ()
        if len({volume.get("name") for volume in volumes}) < len(volumes):
            yield pod.problem("volumes", "two volumes have the same name")
        for volume in volumes:
            if len(volume.keys() - {"name"}) > 1:
                message = f"the volume {volume.get('name')!r} has several sources"
                yield pod.problem("volumes", message)


def _keys(manifests: ManifestSet) -> Iterator[Problem]:
    keys_of = {
        (manifest.kind, manifest.namespace, manifest.name): {
            key
            for field in ("data", "binaryData", "stringData")
            for key in manifest.document.get(field) or ()
        }
        for manifest in manifests.of_kind("ConfigMap", "Secret")
    }
    for container in manifests.containers:
        namespace = container.pod.manifest.namespace
        for variable in container.fields.get("env") or ():
            for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                reference = (variable.get("valueFrom") or {}).get(field) or {}
                name, key = reference.get("name"), reference.get("key")
                keys = keys_of.get((kind, namespace, str(name)))
                if keys is not None and key not in keys and not reference.get("optional"):
                    yield container.problem("env", f"{kind}/{name} has no key {key!r}")


RULES = (
    Rule(
        "K210",
        "a mount names a volume of the pod",
        "The cluster refuses the pod. Some versions accept its Deployment, which then starts no "
        "pod.",
        _mounts,
    ),
    Rule(
        "K211",
        "a container mounts one volume at a path",
        "The cluster refuses the pod.",
        _mount_paths,
    ),
    Rule(
        "K212",
        "a volume has a unique name and one source",
        "The cluster refuses the pod.",
        _volumes,
    ),
    Rule(
        "K213",
        "a variable names a key that its ConfigMap or Secret has",
        "The cluster accepts any name, but does not start the container "
        "(`CreateContainerConfigError`). The rule knows only the ConfigMaps and Secrets of these "
        "manifests.",
        _keys,
    ),
)
