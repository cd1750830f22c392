"""Rules about a pod's containers: images, resources, probes, volumes, the end: K2xx."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ferryman.targets.k8s.rules.reading import containers, pods, port_names, quantity
from ferryman.targets.k8s.rules.rule import Manifest, Problem, Rule
from ferryman.targets.k8s.syntax import image_reference

__all__ = ("RULES",)

_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
_HANDLERS = ("exec", "grpc", "httpGet", "tcpSocket")
_HOOKS = ("exec", "httpGet", "tcpSocket", "sleep")
_DEFAULT_GRACE = 30
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
        elif resource == "memory" and 0 < number < _SMALLEST_MEMORY:
            yield manifest, path, f"{amount} is {number.normalize():f} bytes; a unit such as Mi?"


def _amounts(manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, str, str, object]]:
    for container in containers(manifests):
        for field in ("requests", "limits"):
            amounts = (container.fields.get("resources") or {}).get(field) or {}
            for resource, amount in amounts.items():
                place = f"{container.path}.resources.{field}.{resource}"
                yield container.pod.manifest, place, resource, amount


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


def _one_handler(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest, path, probe, _ in _probes(manifests):
        found = [name for name in _HANDLERS if name in probe]
        if len(found) != 1:
            yield (
                manifest,
                path,
                f"a probe has one of {', '.join(_HANDLERS)}; this has {len(found)}",
            )


def _probes(manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, str, Any, set[str]]]:
    for container in containers(manifests):
        for name in _PROBES:
            if name in container.fields:
                place = f"{container.path}.{name}"
                names = port_names(container.pod)
                yield container.pod.manifest, place, container.fields[name], names


def _probe_ports(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest, path, probe, names in _probes(manifests):
        for handler in ("httpGet", "tcpSocket"):
            port = (probe.get(handler) or {}).get("port")
            if isinstance(port, str) and port not in names:
                yield manifest, f"{path}.{handler}.port", f"no container has a port named {port!r}"


def _probe_times(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest, path, probe, _ in _probes(manifests):
        period, timeout = probe.get("periodSeconds", 10), probe.get("timeoutSeconds", 1)
        if timeout > period:
            yield manifest, path, f"it may take {timeout} s and is asked every {period} s"
        if not path.endswith("readinessProbe") and probe.get("successThreshold", 1) != 1:
            yield manifest, f"{path}.successThreshold", "it must be 1 here"


def _hooks(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for container in containers(manifests):
        for name, hook in (container.fields.get("lifecycle") or {}).items():
            if isinstance(hook, dict) and sum(handler in hook for handler in _HOOKS) != 1:
                place = f"{container.path}.lifecycle.{name}"
                yield container.pod.manifest, place, f"a hook has one of {', '.join(_HOOKS)}"


def _grace(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for container in containers(manifests):
        grace = container.pod.spec.get("terminationGracePeriodSeconds", _DEFAULT_GRACE)
        hook = (container.fields.get("lifecycle") or {}).get("preStop") or {}
        delay = (hook.get("sleep") or {}).get("seconds", 0)
        if delay >= grace:
            path = f"{container.pod.path}spec.terminationGracePeriodSeconds"
            message = f"the kill comes after {grace} s, and preStop sleeps for {delay} s"
            yield container.pod.manifest, path, message


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
        "`512` is 512 bytes of memory and `512m` half a byte; no container starts with either.",
        _quantities,
    ),
    Rule("K204", "requests are within limits", "The cluster refuses the pod.", _within_limits),
    Rule("K205", "a probe has one handler", "The cluster refuses the pod.", _one_handler),
    Rule(
        "K206",
        "a probe asks a port that a container has",
        "The cluster takes any name. The probe then fails for ever, and the pod never is ready "
        "or is restarted again and again.",
        _probe_ports,
    ),
    Rule(
        "K207",
        "a probe takes no longer than until the next, and one success is enough",
        "Overlapping answers make a slow app slower; thresholds of start-up and liveness probes "
        "other than 1 are refused.",
        _probe_times,
    ),
    Rule("K208", "a hook has one handler", "The cluster refuses the pod.", _hooks),
    Rule(
        "K209",
        "the grace period outlasts the preStop hook",
        "The time of the hook is part of the grace period: the app is killed before it is told "
        "to stop, and requests in flight break off.",
        _grace,
    ),
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
)
