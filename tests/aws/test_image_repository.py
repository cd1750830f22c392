"""An image for several processors is pushed whole, and named by its index."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from tests.aws_stand_in import client

from ferryman.aws import image_repository
from ferryman.aws.image_repository import image_uri, push
from ferryman.aws.session import open_session
from ferryman.building.image.container_registry import Repository
from ferryman.building.image.manifest import INDEX_TYPE, MANIFEST_TYPE

_CONFIG = "application/vnd.oci.image.config.v1+json"
_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def blob(layout: Path, content: bytes, media_type: str, **more: Any) -> dict[str, Any]:
    digest = hashlib.sha256(content).hexdigest()
    (layout / "blobs/sha256" / digest).write_bytes(content)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content), **more}


def document(layout: Path, media_type: str, **parts: Any) -> dict[str, Any]:
    text = json.dumps({"schemaVersion": 2, "mediaType": media_type, **parts})
    return blob(layout, text.encode(), media_type)


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    """Return the layout of an image for two processors, which share a layer."""
    (tmp_path / "blobs/sha256").mkdir(parents=True)
    shared = blob(tmp_path, b"shared", _LAYER)
    images = []
    for name in ("amd64", "arm64"):
        config = json.dumps({"architecture": name, "os": "linux"}).encode()
        manifest = document(
            tmp_path,
            MANIFEST_TYPE,
            config=blob(tmp_path, config, _CONFIG),
            layers=[shared, blob(tmp_path, name.encode(), _LAYER)],
        )
        images.append({**manifest, "platform": {"architecture": name, "os": "linux"}})
    index = document(tmp_path, INDEX_TYPE, manifests=images)
    listed = {"schemaVersion": 2, "manifests": [index]}
    (tmp_path / "index.json").write_text(json.dumps(listed))
    return tmp_path


def test_an_image_for_two_processors_is_pushed_with_its_index(
    layout: Path, aws_stand_in: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def here(reference: str) -> Repository:
        return Repository(f"127.0.0.1:{aws_stand_in}/{reference.partition('/')[2]}")

    monkeypatch.setattr(image_repository, "Repository", here)
    aws = open_session()
    said: list[str] = []
    push(aws, "two/shop", layout, lambda _: True, said.append)
    (index,) = json.loads((layout / "index.json").read_text())["manifests"]
    uri = image_uri(aws, "two/shop", index["digest"].removeprefix("sha256:"))
    assert uri == f"000000000000.dkr.ecr.us-east-1.amazonaws.com/two/shop@{index['digest']}"
    found = client("ecr").describe_images(repositoryName="two/shop")["imageDetails"]
    assert index["digest"] in {one["imageDigest"] for one in found}
    repository = here(f"{uri.partition('@')[0]}:any")
    for path in (layout / "blobs/sha256").iterdir():
        text = path.read_bytes()
        if b"schemaVersion" not in text:
            assert repository.has(f"sha256:{path.name}")
