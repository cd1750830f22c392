"""Rules about what a container runs and is given: images and quantities, K201 to K204."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ferryman.targets.k8s.rules.manifest_reader import containers, pods, quantity
from ferryman.targets.k8s.rules.rule import Manifest, Problem, Rule
from ferryman.targets.k8s.syntax import image_reference

__all__ = ("RULES",)

_MOST_CPU = 100  # few nodes have as many, and who writes 250 means 250m
_SMALLEST_MEMORY = 4 * 2**20  # no runtime starts a container with less


def _images(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for container in containers(manifests):
        image = str(container.fields.get("image", ""))
        try:
            image_reference(image)
        except ValueError as error:
            yield container.pod.manifest, f"{container.path}.image", f"{image!r}: {error}"


def _digests(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for container in containers(manifests):
        image = str(container.fields.get("image", ""))
        if "@sha256:" not in image:
            yield container.pod.manifest, f"{container.path}.image", f"{image!r} has no digest"


def _quantities(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest, path, resource, amount in _amounts(manifests):
        try:
            number = quantity(amount)
        except ValueError as error:
            yield manifest, path, str(error)
            continue
        if number < 0:
            yield manifest, path, f"{amount} is less than nothing"
        elif resource == "cpu" and number >= _MOST_CPU:
            yield manifest, path, f"{amount} is {number.normalize():f} whole CPUs; {amount}m?"
        elif resource == "memory" and 0 < number < _SMALLEST_MEMORY:
            yield manifest, path, f"{amount} is {number.normalize():f} bytes; a unit such as Mi?"


def _amounts(manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, str, str, object]]:
    for container in containers(manifests):
        for field in ("requests", "limits"):
            amounts = (container.fields.get("resources") or {}).get(field) or {}
            for resource, amount in amounts.items():
                place = f"{container.path}.resources.{field}.{resource}"
                yield container.pod.manifest, place, resource, amount
    yield from _storage(manifests)


def _storage(manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, str, str, object]]:
    """Yield the sizes of volumes, where they stand in a pod or are claimed."""
    for pod in pods(manifests):
        for volume in pod.spec.get("volumes") or ():
            if (size := (volume.get("emptyDir") or {}).get("sizeLimit")) is not None:
                yield pod.manifest, f"{pod.path}spec.volumes", "memory", size
    for manifest in manifests:
        claims = [("spec", manifest.spec)] if manifest.kind == "PersistentVolumeClaim" else []
        if manifest.kind == "StatefulSet":
            found = enumerate(manifest.spec.get("volumeClaimTemplates") or ())
            claims = [(f"spec.volumeClaimTemplates[{n}]", c.get("spec") or {}) for n, c in found]
        for path, claim in claims:
            asked = (claim.get("resources") or {}).get("requests") or {}
            if "storage" in asked:
                yield manifest, f"{path}.resources.requests.storage", "memory", asked["storage"]


def _within_limits(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for container in containers(manifests):
        resources = container.fields.get("resources") or {}
        limits = resources.get("limits") or {}
        for resource, amount in (resources.get("requests") or {}).items():
            if _exceeds(amount, limits.get(resource)):
                place = f"{container.path}.resources.requests.{resource}"
                message = f"{amount} is more than the limit {limits[resource]}"
                yield container.pod.manifest, place, message


def _exceeds(amount: object, limit: object) -> bool:
    try:
        return limit is not None and quantity(amount) > quantity(limit)
    except ValueError:
        return False  # another rule's


RULES = (
    Rule(
        "K201",
        "an image is named by a tag that is not `latest`, or by a digest",
        "`latest` is whichever image was pushed last: two pods of a release may run different "
        "code, and going back to an older release brings no older image.",
        _images,
    ),
    Rule(
        "K202",
        "an image is named by its digest",
        "A tag can be pushed again with other contents.",
        _digests,
        strict=True,
    ),
    Rule(
        "K203",
        "quantities are numbers with a unit that makes sense",
        "`512` is 512 bytes of memory and `512m` half a byte; no container starts with either. "
        "`500` of CPU is 500 CPUs, and no node takes the pod.",
        _quantities,
    ),
    Rule("K204", "requests are within limits", "The cluster refuses the pod.", _within_limits),
)
