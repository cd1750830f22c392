"""An image goes to a real registry, and comes back as what it was."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.building.image.samples import (
    LABELS,
    Registry,
    built,
    credentials,
    image,
    registry,
)

from ferryman.building.image.container_registry import resolve_digest
from ferryman.building.image.manifest import render_index
from ferryman.building.image.pushing import check_reference, push_image
from ferryman.core.errors import BuildError, ConfigError


def silent(_: str) -> None:
    pass


@pytest.fixture(scope="module")
def open_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


def skopeo(*arguments: str) -> str:
    return subprocess.run(["skopeo", *arguments], capture_output=True, text=True, check=True).stdout


def test_what_is_pulled_is_what_was_pushed(open_registry: Registry, tmp_path: Path) -> None:
    one = built(image(tmp_path, **{"app/shop.py": "app = 1"}))
    reference = f"{open_registry.name}/me/shop:1"
    push_image(one, reference, silent)
    assert resolve_digest(reference) == one.document.digest
    pulled = f"oci:{tmp_path / 'pulled'}:1"
    skopeo("copy", "--src-tls-verify=false", f"docker://{reference}", pulled)
    (entry,) = json.loads((tmp_path / "pulled" / "index.json").read_text())["manifests"]
    assert entry["digest"] == one.document.digest


def test_layers_that_are_there_are_not_sent_again(open_registry: Registry, tmp_path: Path) -> None:
    name = f"{open_registry.name}/me/again"
    push_image(built(image(tmp_path, **{"app/shop.py": "app = 1"})), f"{name}:1", silent)
    before = len(open_registry.asked("PUT", "/me/again/blobs/uploads/"))
    second = image(tmp_path, **{"app/shop.py": "app = 2"})
    push_image(built(second), f"{name}:2", silent)
    sent = open_registry.asked("PUT", "/me/again/blobs/uploads/")[before:]
    digests = [path.rpartition("digest=")[2].replace("%3A", ":") for path in sent]
    base, app = (layer.digest for layer in second.layers)
    assert app in digests
    assert base not in digests


def test_the_bill_of_materials_refers_to_its_image(open_registry: Registry, tmp_path: Path) -> None:
    one = built(image(tmp_path, **{"app/shop.py": "app = 3"}))
    name = f"{open_registry.name}/me/bill"
    push_image(one, f"{name}:1", silent)
    push_image(one, f"{name}:1", silent)
    tag = one.document.digest.replace(":", "-")
    raw = skopeo("inspect", "--tls-verify=false", "--raw", f"docker://{name}:{tag}")
    (referrer,) = json.loads(raw)["manifests"]
    assert referrer["artifactType"] == "application/vnd.cyclonedx+json"
    raw = skopeo("inspect", "--tls-verify=false", "--raw", f"docker://{name}@{referrer['digest']}")
    assert json.loads(raw)["subject"]["digest"] == one.document.digest


def test_an_image_for_two_processors_is_one_tag(open_registry: Registry, tmp_path: Path) -> None:
    images = [
        image(tmp_path, machine, **{"app/shop.py": machine}) for machine in ("x86_64", "aarch64")
    ]
    reference = f"{open_registry.name}/me/both:1"
    push_image(built(*images, whole=render_index(images, LABELS)), reference, silent)
    for one in images:
        options = ("--tls-verify=false", f"docker://{reference}")
        config = json.loads(
            skopeo("--override-arch", one.architecture, "inspect", "--config", *options)
        )
        assert config["architecture"] == one.architecture


def test_credentials_are_docker_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = built(image(tmp_path, **{"app/shop.py": "app = 4"}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "nothing"))
    with registry(tmp_path, closed=True) as running:
        reference = f"{running.name}/me/shop:1"
        for user in (None, "stranger", "captain"):
            if user:
                variables = credentials(tmp_path / "docker", running.name, user, "secret")
                monkeypatch.setenv("DOCKER_CONFIG", variables["DOCKER_CONFIG"])
            if user == "captain":
                push_image(one, reference, silent)
                assert resolve_digest(reference) == one.document.digest
            else:
                with pytest.raises(BuildError, match="refuses access") as caught:
                    push_image(one, reference, silent)
                assert caught.value.hint
                assert caught.value.hint.startswith(f"docker login {running.name}")


def test_a_registry_that_is_not_there_is_named(tmp_path: Path, unused_tcp_port: int) -> None:
    one = built(image(tmp_path, **{"app/shop.py": "app = 5"}))
    reference = f"127.0.0.1:{unused_tcp_port}/me/shop:1"
    with pytest.raises(BuildError, match="cannot be reached"):
        push_image(one, reference, silent)
    assert resolve_digest(reference) is None


@pytest.mark.parametrize(
    "reference",
    [
        "shop:1",
        "ghcr.io/me/shop",
        "ghcr.io/me/Shop:1",
        "ghcr.io/me/shop@sha256:ab",
        "a b/c:1",
        "ghcr.io/:1",
    ],
)
def test_only_a_registry_a_name_and_a_tag_will_do(reference: str) -> None:
    with pytest.raises(ConfigError, match="REGISTRY/NAME:TAG"):
        check_reference(reference)


@pytest.mark.parametrize(
    "reference",
    [
        "ghcr.io/me/shop:1.2.3",
        "localhost:5000/shop:1",
        "127.0.0.1:5000/a/b/c:x_Y-1.0",
        "registry:5000/me/shop:1",
    ],
)
def test_these_will_do(reference: str) -> None:
    check_reference(reference)
