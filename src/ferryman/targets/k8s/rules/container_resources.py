"""Rules about images, and about CPU, memory and storage: K201 to K204."""

from __future__ import annotations

from collections.abc import Iterator

from ferryman.targets.k8s.rules.manifest_reader import ManifestSet, Problem, quantity
from ferryman.targets.k8s.rules.rule import Rule
from ferryman.targets.k8s.syntax import image_reference

__all__ = ("RULES",)

_MOST_CPU = 100  # few nodes have so many; a user who writes 250 means 250m
_SMALLEST_MEMORY = 4 * 2**20  # no container runtime starts a container with less


def _images(manifests: ManifestSet) -> Iterator[Problem]:
    for container in manifests.containers:
        image = str(container.fields.get("image", ""))
        try:
            image_reference(image)
        except ValueError as error:
            yield container.problem("image", f"{image!r}: {error}")


def _digests(manifests: ManifestSet) -> Iterator[Problem]:
    for container in manifests.containers:
        image = str(container.fields.get("image", ""))
        if "@sha256:" not in image:
            yield container.problem("image", f"{image!r} has no digest")


def _quantities(manifests: ManifestSet) -> Iterator[Problem]:
    for (manifest, path, resource), amount in _amounts(manifests):
        try:
            number = quantity(amount)
        except ValueError as error:
            yield manifest, path, str(error)
            continue
        plain = f"{number.normalize():f}"
        if number < 0:
            yield manifest, path, f"{amount} is negative"
        elif resource == "cpu" and number >= _MOST_CPU:
            yield manifest, path, f"{amount} means {plain} CPUs; did you mean {amount}m?"
        elif resource == "memory" and 0 < number < _SMALLEST_MEMORY:
            yield manifest, path, f"{amount} means {plain} bytes; is a unit such as Mi missing?"


def _amounts(manifests: ManifestSet) -> Iterator[tuple[Problem, object]]:
    """Yield each quantity: its object, its path and its resource, and the amount."""
    for container in manifests.containers:
        for field in ("requests", "limits"):
            amounts = (container.fields.get("resources") or {}).get(field) or {}
            for resource, amount in amounts.items():
                path = f"{container.path}.resources.{field}.{resource}"
                yield (container.pod.manifest, path, resource), amount
    for pod in manifests.pods:
        for volume in pod.spec.get("volumes") or ():
            if (size := (volume.get("emptyDir") or {}).get("sizeLimit")) is not None:
                yield (pod.manifest, f"{pod.path}spec.volumes", "memory"), size
    for manifest in manifests.of_kind("PersistentVolumeClaim", "StatefulSet"):
        claims = [("spec", manifest.spec)] if manifest.kind == "PersistentVolumeClaim" else []
        for index, claim in enumerate(manifest.spec.get("volumeClaimTemplates") or ()):
            claims.append((f"spec.volumeClaimTemplates[{index}]", claim.get("spec") or {}))
        for path, spec in claims:
            requests = (spec.get("resources") or {}).get("requests") or {}
            if "storage" in requests:
                place = (manifest, f"{path}.resources.requests.storage", "memory")
                yield place, requests["storage"]


def _within_limits(manifests: ManifestSet) -> Iterator[Problem]:
    for container in manifests.containers:
        resources = container.fields.get("resources") or {}
        limits = resources.get("limits") or {}
        for resource, amount in (resources.get("requests") or {}).items():
            if _exceeds(amount, limits.get(resource)):
                message = f"{amount} is more than the limit {limits[resource]}"
                yield container.problem(f"resources.requests.{resource}", message)


def _exceeds(amount: object, limit: object) -> bool:
    try:
        return limit is not None and quantity(amount) > quantity(limit)
    except ValueError:
        return False  # K203 reports it


RULES = (
    Rule(
        "K201",
        "an image has a digest, or a tag other than `latest`",
        "`latest` is the image that was pushed last: two pods of a release may run different "
        "code, and a rollback does not restore the older image.",
        _images,
    ),
    Rule(
        "K202",
        "an image has a digest",
        "A tag can be pushed again with other contents.",
        _digests,
        strict=True,
    ),
    Rule(
        "K203",
        "quantities are valid and have a plausible unit",
        "`512` means 512 bytes of memory and `512m` half a byte, and no container starts with "
        "so little. `500` of CPU means 500 CPUs, and no node has so many.",
        _quantities,
    ),
    Rule("K204", "requests do not exceed limits", "The cluster refuses the pod.", _within_limits),
)
