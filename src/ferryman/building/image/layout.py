"""Writes an image to disk: as an OCI layout, a tar of one, or a tar that docker loads.

Source: "Image Layout" of the OCI image specification 1.1. Docker's tar is the same with one
more file, which older versions of docker look for.
"""

from __future__ import annotations

import json
import os
import shutil
import tarfile
from pathlib import Path

from ferryman.building.file_dates import OLDEST
from ferryman.building.image.manifest import Blob, Image, Index

__all__ = ("write_docker_archive", "write_layout", "write_oci_archive")

_VERSION = {"imageLayoutVersion": "1.0.0"}
_TAG = "org.opencontainers.image.ref.name"
_NAME = "io.containerd.image.name"


def write_layout(image: Image | Index, into: Path, name: str, tag: str) -> None:
    """Write an OCI layout.

    Args:
        image: The image, for one processor or for several.
        into: A directory, which is created.
        name: The image's name in tools.
        tag: The tag it has in the layout.

    Raises:
        OSError: The image cannot be written.
    """
    blobs = into / "blobs" / "sha256"
    blobs.mkdir(parents=True)
    for one in image.images if isinstance(image, Index) else (image,):
        _write(blobs, one.config)
        _write(blobs, one.manifest)
        for layer in one.layers:
            _place(layer.path, blobs / _hex(layer.digest))
    top = image.document if isinstance(image, Index) else image.manifest
    _write(blobs, top)
    annotations = {_TAG: tag, _NAME: f"{_full_name(name)}:{tag}"}
    index = {"schemaVersion": 2, "manifests": [top.descriptor(annotations=annotations)]}
    _write_json(into / "index.json", index)
    _write_json(into / "oci-layout", _VERSION)


def write_oci_archive(layout: Path, path: Path) -> None:
    """Write a layout as one tar.

    Raises:
        OSError: The image cannot be written.
    """
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for file in sorted(layout.rglob("*")):
            header = archive.gettarinfo(file, file.relative_to(layout).as_posix())
            header.uid = header.gid = 0
            header.uname = header.gname = ""
            header.mtime, header.mode = OLDEST, 0o755 if file.is_dir() else 0o644
            if file.is_dir():
                archive.addfile(header)
            else:
                header.type, header.linkname = tarfile.REGTYPE, ""
                header.size = file.stat().st_size
                with file.open("rb") as content:
                    archive.addfile(header, content)


def write_docker_archive(layout: Path, path: Path, image: Image, name: str, tag: str) -> None:
    """Write a layout as one tar that every version of `docker load` accepts.

    Raises:
        OSError: The image cannot be written.
    """
    entry = {
        "Config": f"blobs/sha256/{_hex(image.config.digest)}",
        "RepoTags": [f"{name}:{tag}"],
        "Layers": [f"blobs/sha256/{_hex(layer.digest)}" for layer in image.layers],
    }
    _write_json(layout / "manifest.json", [entry])
    write_oci_archive(layout, path)


def _full_name(name: str) -> str:
    """Return a name with its registry, as containerd, kind and k3s look it up.

    Source: `ParseNormalizedNamed` of github.com/distribution/reference.
    """
    first, slash, _ = name.partition("/")
    if slash and (first == "localhost" or "." in first or ":" in first):
        return name
    return f"docker.io/{name}" if slash else f"docker.io/library/{name}"


def _hex(digest: str) -> str:
    return digest.removeprefix("sha256:")


def _write(blobs: Path, blob: Blob) -> None:
    (blobs / _hex(blob.digest)).write_bytes(blob.content)


def _write_json(path: Path, value: object) -> None:
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _place(layer: Path, path: Path) -> None:
    """Put a layer in its place, once: images for several processors may share it."""
    if not path.exists():
        shutil.copyfile(layer, path)
        os.utime(path, (OLDEST, OLDEST))
