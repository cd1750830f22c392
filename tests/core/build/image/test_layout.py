"""What is written of an image is what another's tool reads."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.core.build.image.samples import LABELS, image

from ferryman.core.build.image.image import render_index
from ferryman.core.build.image.layer import Entry, write_layer
from ferryman.core.build.image.layout import (
    write_docker_archive,
    write_layout,
    write_oci_archive,
)


def inspect(reference: str) -> dict[str, object]:
    done = subprocess.run(
        ["skopeo", "inspect", reference], capture_output=True, text=True, check=True
    )
    read: dict[str, object] = json.loads(done.stdout)
    return read


@pytest.mark.parametrize("kind", ["oci", "oci-archive", "docker-archive"])
def test_skopeo_reads_it(kind: str, tmp_path: Path) -> None:
    made = image(tmp_path, hello="world")
    layout, archive = tmp_path / "image", tmp_path / "image.tar"
    write_layout(made, layout, "shop", "1.0.0")
    if kind == "oci-archive":
        write_oci_archive(layout, archive)
    elif kind == "docker-archive":
        write_docker_archive(layout, archive, made, "shop", "1.0.0")
    read = inspect(f"{kind}:{layout if kind == 'oci' else archive}")
    assert (read["Architecture"], read["Os"], read["Labels"]) == ("amd64", "linux", LABELS)
    if kind != "docker-archive":  # skopeo reads that as an older format
        assert read["Digest"] == made.manifest.digest
        assert read["Layers"] == [layer.digest for layer in made.layers]


def test_an_index_of_two_processors_has_both(tmp_path: Path) -> None:
    images = [image(tmp_path, machine, hello=machine) for machine in ("x86_64", "aarch64")]
    index = render_index(images, LABELS)
    write_layout(index, tmp_path / "image", "shop", "1.0.0")
    for architecture in ("amd64", "arm64"):
        command = ("skopeo", "--override-arch", architecture, "inspect", f"oci:{tmp_path}/image")
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["Architecture"] == architecture


def test_a_layer_s_bytes_depend_on_its_files_alone(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    entries = {
        "bin/run": Entry.copy(script),
        "app/text": Entry(b"text"),
        "link": Entry(link="/bin/run"),
        "tmp": Entry.directory(0o1777),
    }
    first = write_layer("one", entries, tmp_path / "one.tar.gz")
    script.touch()
    turned = dict(reversed(entries.items()))
    second = write_layer("one", turned, tmp_path / "two.tar.gz")
    assert (first.digest, first.diff_id) == (second.digest, second.diff_id)
    changed = entries | {"app/text": Entry(b"other")}
    assert write_layer("one", changed, tmp_path / "three.tar.gz").digest != first.digest
