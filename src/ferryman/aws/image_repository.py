"""A repository of ECR, the registry of an AWS account: creates it and pushes to it.

An OCI layout is sent blob by blob, without the blobs that the registry has. ECR's password, which
is valid for twelve hours, is in a temporary file during the push.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ferryman.aws.refusals import AwsError
from ferryman.aws.session import Aws
from ferryman.building.image.container_registry import Repository
from ferryman.building.image.manifest import Blob
from ferryman.core.errors import ConfigError
from ferryman.records.wording import size_text

__all__ = ("image_uri", "push")


def image_uri(aws: Aws, name: str, digest: str) -> str:
    """Return the URI of an image, by the digest of its manifest.

    Args:
        aws: The session.
        name: The repository.
        digest: The hexadecimal SHA-256.

    Raises:
        AwsError: AWS refused.
    """
    suffix = "amazonaws.com.cn" if aws.partition == "aws-cn" else "amazonaws.com"
    usual = f"{aws.account}.dkr.ecr.{aws.region}.{suffix}/{name}"
    return f"{_repository(aws, name) or usual}@sha256:{digest}"


def push(
    aws: Aws,
    name: str,
    layout: Path,
    ask: Callable[[str], bool],
    progress: Callable[[str], None],
) -> None:
    """Push the image of an OCI layout, unless the registry has it.

    Args:
        aws: The session.
        name: The repository; it is created if the user agrees.
        layout: The layout's directory.
        ask: Asks the user before the repository is created.
        progress: Called with each blob that is sent.

    Raises:
        ConfigError: There is no repository, and the user refused to create one.
        BuildError: The registry refused.
        AwsError: AWS refused.
    """
    uri = _repository(aws, name) or _make(aws, name, ask)
    (top,) = json.loads((layout / "index.json").read_bytes())["manifests"]
    document = _document(layout, top)
    listed = json.loads(document.content)
    with _signed_in(aws, uri.partition("/")[0]):
        tag = document.digest.removeprefix("sha256:")[:12]
        repository = Repository(f"{uri}:{tag}")
        # An index lists the images of several processors.
        for each in listed.get("manifests", ()):
            image = _document(layout, each)
            _send_blobs(repository, layout, image, progress)
            repository.put(image)
        if "manifests" not in listed:
            _send_blobs(repository, layout, document, progress)
        progress("sending what lists the layers")
        repository.put(document, tag)


def _send_blobs(
    repository: Repository, layout: Path, image: Blob, progress: Callable[[str], None]
) -> None:
    listed = json.loads(image.content)
    for blob in (*listed["layers"], listed["config"]):
        progress(f"sending {size_text(blob['size'])}, unless it is there")
        repository.send(blob["digest"], _blob(layout, blob["digest"]))


def _document(layout: Path, described: Mapping[str, Any]) -> Blob:
    return Blob(_blob(layout, described["digest"]).read_bytes(), described["mediaType"])


def _repository(aws: Aws, name: str) -> str | None:
    try:
        told = aws.call(
            "ecr", "describe_repositories", registryId=aws.account, repositoryNames=[name]
        )
    except AwsError as error:
        if error.code != "RepositoryNotFoundException":
            raise
        return None
    return str(told["repositories"][0]["repositoryUri"])


def _make(aws: Aws, name: str, ask: Callable[[str], bool]) -> str:
    if not ask(f"make the repository {name} in ECR, with tags that cannot be moved?"):
        raise ConfigError(f"there is no repository {name} in ECR", hint="pass --yes to make it")
    told = aws.call(
        "ecr",
        "create_repository",
        repositoryName=name,
        imageTagMutability="IMMUTABLE",
        imageScanningConfiguration={"scanOnPush": True},
    )
    return str(told["repository"]["repositoryUri"])


@contextmanager
def _signed_in(aws: Aws, host: str) -> Iterator[None]:
    """Use ECR's credentials as docker's within the block."""
    told: Any = aws.call("ecr", "get_authorization_token")["authorizationData"][0]
    before = os.environ.get("DOCKER_CONFIG")
    with tempfile.TemporaryDirectory(prefix="ferryman-ecr-") as folder:
        path = Path(folder, "config.json")
        path.touch(mode=0o600)
        auths = {host: {"auth": told["authorizationToken"]}}
        path.write_text(json.dumps({"auths": auths}), "utf-8")
        os.environ["DOCKER_CONFIG"] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ["DOCKER_CONFIG"]
            else:
                os.environ["DOCKER_CONFIG"] = before


def _blob(layout: Path, digest: str) -> Path:
    algorithm, _, name = digest.partition(":")
    return layout / "blobs" / algorithm / name
