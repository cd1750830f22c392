"""Pushes an image: it sends only blobs that the registry lacks, and moves the tag last.

The bill of materials goes along as a referrer of its image. Source: "Referrers Tag Schema"
of the OCI distribution specification 1.1, for registries without referrers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from ferryman.building.image.container_registry import Repository
from ferryman.building.image.manifest import INDEX_TYPE, MANIFEST_TYPE, Blob, Built, Image, Index
from ferryman.building.image.sbom import SBOM_TYPE
from ferryman.core.errors import BuildError, ConfigError
from ferryman.records.wording import size_text

__all__ = ("check_reference", "push_image")

# "Pulling manifests" of the distribution specification, with the registry's name in front.
_REFERENCE = re.compile(
    r"(localhost|[\w-]+(\.[\w-]+)+|\[[0-9a-f:]+\]|[\w.-]+(?=:\d))(:\d+)?"
    r"(/[a-z0-9]+([._-]+[a-z0-9]+)*)+:\w[\w.-]{0,127}"
)

_EMPTY = Blob(b"{}", "application/vnd.oci.empty.v1+json")


def check_reference(reference: str) -> None:
    """Check that a reference can be pushed to.

    Raises:
        ConfigError: The reference is not of the form `REGISTRY/NAME:TAG`.
    """
    if not _REFERENCE.fullmatch(reference):
        raise ConfigError(
            f"--push {reference}: it is not REGISTRY/NAME:TAG, in small letters",
            hint="such as ghcr.io/me/shop:1.2.3, or docker.io/me/shop:1.2.3",
        )


def push_image(built: Built, reference: str, progress: Callable[[str], None]) -> None:
    """Push an image and its bill of materials.

    Args:
        built: The image.
        reference: The destination, `REGISTRY/NAME:TAG`.
        progress: Called with each blob that is sent.

    Raises:
        ConfigError: The reference is malformed, or oras is not installed.
        BuildError: The registry cannot be reached, or refuses.
    """
    repository = Repository(reference)
    for image in built.images:
        _send_blobs(repository, image, progress)
        if isinstance(built.image, Index):
            repository.put(image.manifest)
    progress(f"tagging {reference}")
    repository.put(built.document, repository.tag)
    for image in built.images:
        _refer(repository, image.manifest, built.sboms[image.manifest.digest], progress)


def _send_blobs(repository: Repository, image: Image, progress: Callable[[str], None]) -> None:
    for layer in image.layers:
        progress(f"sending {layer.name}, {size_text(layer.size)}, unless it is there")
        repository.send(layer.digest, layer.path)
    repository.send(image.config.digest, image.config.content)


def _refer(
    repository: Repository, subject: Blob, sbom: str, progress: Callable[[str], None]
) -> None:
    """Send a bill of materials that refers to its image."""
    text = Blob(sbom.encode(), SBOM_TYPE)
    title = {"org.opencontainers.image.title": "sbom.cdx.json"}
    document = {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "artifactType": SBOM_TYPE,
        "config": _EMPTY.descriptor(),
        "layers": [text.descriptor(annotations=title)],
        "subject": subject.descriptor(),
    }
    referrer = Blob(json.dumps(document, sort_keys=True).encode(), MANIFEST_TYPE)
    try:
        for blob in (_EMPTY, text):
            repository.send(blob.digest, blob.content)
        if "OCI-Subject" not in repository.put(referrer).headers:
            _list_referrer(repository, subject, referrer)
    except BuildError as error:
        progress(f"the bill of materials was not taken: {error.cause or error.message}")


def _list_referrer(repository: Repository, subject: Blob, referrer: Blob) -> None:
    tag = subject.digest.replace(":", "-")
    there = repository.manifest(tag)
    listed = there.json().get("manifests", []) if there else []
    others = [one for one in listed if one.get("digest") != referrer.digest]
    manifests = [*others, referrer.descriptor(artifactType=SBOM_TYPE)]
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": manifests}
    repository.put(Blob(json.dumps(index, sort_keys=True).encode(), INDEX_TYPE), tag)
