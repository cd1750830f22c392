"""Rules about what a pod takes from elsewhere: volumes, and keys of settings, K210 to K213."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ferryman.targets.k8s.rules.manifest_reader import containers, pods
from ferryman.targets.k8s.rules.rule import Manifest, Problem, Rule

__all__ = ("RULES",)


def _mounts(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for container in containers(manifests):
        volumes = {volume.get("name") for volume in container.pod.spec.get("volumes") or ()}
        if container.pod.manifest.kind == "StatefulSet":
            claims = container.pod.manifest.spec.get("volumeClaimTemplates") or ()
            volumes |= {(claim.get("metadata") or {}).get("name") for claim in claims}
        for mount in container.fields.get("volumeMounts") or ():
            if mount.get("name") not in volumes:
                place = f"{container.path}.volumeMounts"
                message = f"the pod has no volume {mount.get('name')!r}"
                yield container.pod.manifest, place, message


def _mount_paths(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for container in containers(manifests):
        paths = [str(m.get("mountPath", "")) for m in container.fields.get("volumeMounts") or ()]
        if len(set(paths)) < len(paths):
            place = f"{container.path}.volumeMounts"
            yield container.pod.manifest, place, "two volumes are mounted at the same path"


def _volumes(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for pod in pods(manifests):
        names = [volume.get("name") for volume in pod.spec.get("volumes") or ()]
        if len(set(names)) < len(names):
            yield pod.manifest, f"{pod.path}spec.volumes", "two volumes have the same name"
        for volume in pod.spec.get("volumes") or ():
            if len(volume.keys() - {"name"}) > 1:
                message = f"the volume {volume.get('name')!r} has several sources"
                yield pod.manifest, f"{pod.path}spec.volumes", message


def _keys(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    held = {
        (manifest.kind, manifest.namespace, manifest.name): {
            key
            for field in ("data", "binaryData", "stringData")
            for key in manifest.document.get(field) or ()
        }
        for manifest in manifests
        if manifest.kind in ("ConfigMap", "Secret")
    }
    for container in containers(manifests):
        namespace = container.pod.manifest.namespace
        for variable in container.fields.get("env") or ():
            for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                reference = (variable.get("valueFrom") or {}).get(field) or {}
                name, key = reference.get("name"), reference.get("key")
                keys = held.get((kind, namespace, str(name)))
                if keys is not None and key not in keys and not reference.get("optional"):
                    place = f"{container.path}.env"
                    yield container.pod.manifest, place, f"{kind}/{name} has no key {key!r}"


RULES = (
    Rule(
        "K210",
        "a mount names a volume of the pod",
        "The cluster refuses the pod, but takes a Deployment of it in some versions, which "
        "then makes none.",
        _mounts,
    ),
    Rule("K211", "a path has one mount", "The cluster refuses the pod.", _mount_paths),
    Rule(
        "K212",
        "a volume has a name of its own and one source",
        "The cluster refuses the pod.",
        _volumes,
    ),
    Rule(
        "K213",
        "a variable names a key that its ConfigMap or Secret has",
        "The cluster takes any name, and the container is never made "
        "(`CreateContainerConfigError`). What is not in these manifests is not looked at.",
        _keys,
    ),
)
