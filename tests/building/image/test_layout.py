"""What is written of an image is what another's tool reads."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.building.image.samples import LABELS, image

from ferryman.building.image.layer import Entry, write_layer
from ferryman.building.image.layout import (
    write_docker_archive,
    write_layout,
    write_oci_archive,
)
from ferryman.building.image.manifest import render_index


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


@pytest.fixture(scope="module")
def containerd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ...]]:
    """Run containerd, which kind, k3s and most clusters use, and return how to speak to it."""
    place = tmp_path_factory.mktemp("containerd")
    socket = place / "socket"
    settings = place / "config.toml"
    settings.write_text(
        f'version = 2\nroot = "{place}/root"\nstate = "{place}/state"\n'
        'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
        f'[grpc]\naddress = "{socket}"\n[ttrpc]\naddress = "{socket}.ttrpc"\n'
    )
    with (place / "log").open("wb") as log:
        daemon = subprocess.Popen(("containerd", "--config", settings), stdout=log, stderr=log)
        try:
            ctr = ("ctr", "--address", str(socket), "--namespace", "k8s.io")
            for _ in range(200):
                if not subprocess.run((*ctr, "version"), capture_output=True).returncode:
                    break
                time.sleep(0.1)
            else:
                pytest.fail((place / "log").read_text())
            yield ctr
        finally:
            daemon.terminate()
            daemon.wait(20)


@pytest.mark.parametrize("kind", ["oci", "docker"])
@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("postcards", "docker.io/library/postcards"),
        ("acme/postcards", "docker.io/acme/postcards"),
        ("registry.example.com/postcards", "registry.example.com/postcards"),
        ("localhost:5000/postcards", "localhost:5000/postcards"),
    ],
)
def test_containerd_has_it_by_the_name_that_pods_look_for(
    containerd: tuple[str, ...], tmp_path: Path, kind: str, name: str, full: str
) -> None:
    made = image(tmp_path, hello="world")
    layout, archive = tmp_path / "image", tmp_path / "image.tar"
    write_layout(made, layout, name, "1.0.0")
    if kind == "oci":
        write_oci_archive(layout, archive)
    else:
        write_docker_archive(layout, archive, made, name, "1.0.0")
    imported = ("images", "import", "--no-unpack", str(archive))
    subprocess.run((*containerd, *imported), check=True, capture_output=True)
    listed = subprocess.run(
        (*containerd, "images", "list", "--quiet"), check=True, capture_output=True, text=True
    )
    assert f"{full}:1.0.0" in listed.stdout.split()
