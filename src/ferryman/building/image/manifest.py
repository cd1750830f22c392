"""An image as a value: its layers, and the JSON documents that name them by their digests.

Pure. Source: the OCI image specification 1.1, "Image Configuration", "Image Manifest" and
"Image Index".
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from ferryman.building.image.layer import Layer
from ferryman.building.image.plan import ImagePlan
from ferryman.building.image.root import PACKAGES, PROGRAM
from ferryman.core.serving import USER_ID

__all__ = (
    "APP",
    "INDEX_TYPE",
    "MANIFEST_TYPE",
    "Blob",
    "Built",
    "Image",
    "Index",
    "environment",
    "render_image",
    "render_index",
)

APP = "app"
"""Where the app is in an image, without the slash in front."""

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
LAYER_TYPE = "application/vnd.oci.image.layer.v1.tar+gzip"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"

# Go's names, which the specification uses.
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}

_SECOND = 1_000_000_000  # durations are in nanoseconds
_HEALTH = {"Interval": 30 * _SECOND, "Timeout": 5 * _SECOND, "StartPeriod": 10 * _SECOND}


@dataclass(frozen=True, slots=True)
class Blob:
    """A document, and what it is."""

    content: bytes
    media_type: str

    @property
    def digest(self) -> str:
        """`sha256:` and the digest of its bytes."""
        return f"sha256:{sha256(self.content).hexdigest()}"

    def descriptor(self, **more: object) -> dict[str, object]:
        """Return what names it in another document."""
        return _descriptor(self.media_type, self.digest, len(self.content)) | more


@dataclass(frozen=True, slots=True)
class Image:
    """An image for one processor.

    Attributes:
        architecture: Go's name of the processor, such as `amd64`.
        layers: From the bottom up.
        config: How it runs.
        manifest: What it is made of.
    """

    architecture: str
    layers: tuple[Layer, ...]
    config: Blob
    manifest: Blob


@dataclass(frozen=True, slots=True)
class Index:
    """An image for several processors.

    Attributes:
        images: One for each.
        document: What names them.
    """

    images: tuple[Image, ...]
    document: Blob


@dataclass(frozen=True, slots=True)
class Built:
    """An image that was built, and what is known of it.

    Attributes:
        image: The image, for one processor or for several.
        sboms: The bill of materials of each image in it, by the digest of its manifest.
    """

    image: Image | Index
    sboms: Mapping[str, str]

    @property
    def images(self) -> tuple[Image, ...]:
        """The image for each processor."""
        return self.image.images if isinstance(self.image, Index) else (self.image,)

    @property
    def document(self) -> Blob:
        """What a tag names: its digest is the image's."""
        return self.image.document if isinstance(self.image, Index) else self.image.manifest


def render_image(
    plan: ImagePlan,
    machine: str,
    layers: Sequence[Layer],
    labels: Mapping[str, str],
    created: str,
) -> Image:
    """Return an image.

    Args:
        plan: What the target says of it.
        machine: The processor, such as `x86_64`.
        layers: From the bottom up.
        labels: Its labels, which are its annotations too.
        created: When it was made, as RFC 3339 has it.
    """
    architecture = _ARCHITECTURES[machine]
    config = _document(
        {
            "architecture": architecture,
            "os": "linux",
            "created": created,
            "config": _run_settings(plan, labels),
            "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
            "history": [
                {"created": created, "created_by": f"ferryman: {layer.name}"} for layer in layers
            ],
        },
        CONFIG_TYPE,
    )
    manifest = _document(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": config.descriptor(),
            "layers": [_descriptor(LAYER_TYPE, layer.digest, layer.size) for layer in layers],
            "annotations": dict(labels),
        },
        MANIFEST_TYPE,
    )
    return Image(architecture, tuple(layers), config, manifest)


def render_index(images: Sequence[Image], labels: Mapping[str, str]) -> Index:
    """Return an image for the processors of several."""
    ordered = tuple(sorted(images, key=lambda image: image.architecture))
    manifests = [
        image.manifest.descriptor(platform={"architecture": image.architecture, "os": "linux"})
        for image in ordered
    ]
    document = {
        "schemaVersion": 2,
        "mediaType": INDEX_TYPE,
        "manifests": manifests,
        "annotations": dict(labels),
    }
    return Index(ordered, _document(document, INDEX_TYPE))


def environment() -> dict[str, str]:
    """Return the variables of a process in an image."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": f"/{APP}:/{PACKAGES}",
        "PYTHONUNBUFFERED": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        # What OpenSSL was built to look at differs from system to system.
        "SSL_CERT_FILE": f"/{PACKAGES}/certifi/cacert.pem",
    }


def _run_settings(plan: ImagePlan, labels: Mapping[str, str]) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "User": f"{USER_ID}:{USER_ID}",
        "Env": [f"{name}={value}" for name, value in environment().items()],
        "Entrypoint": [PROGRAM, "-m", plan.module],
        "WorkingDir": f"/{APP}",
        "Labels": dict(labels),
        "StopSignal": "SIGTERM",
    }
    if plan.arguments:
        settings["Cmd"] = list(plan.arguments)
    if plan.ports:
        settings["ExposedPorts"] = {f"{port}/tcp": {} for port in plan.ports}
    if plan.health:
        # Docker's own addition, which others leave alone.
        settings["Healthcheck"] = {"Test": ["CMD", *plan.health], **_HEALTH}
    return settings


def _document(value: object, media_type: str) -> Blob:
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    return Blob(text.encode(), media_type)


def _descriptor(media_type: str, digest: str, size: int) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest, "size": size}
