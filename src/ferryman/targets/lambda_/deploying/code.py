"""The code of a function for AWS: a zip in a bucket, or an image in a registry."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferryman.aws.bucket import bucket_name, ensure_bucket, upload
from ferryman.aws.image_repository import image_uri, push
from ferryman.aws.session import Aws
from ferryman.core.errors import BuildError, ConfigError
from ferryman.project.project import Project
from ferryman.records.wording import size_text
from ferryman.targets.deployment import Choices, Dialogue
from ferryman.targets.lambda_.bundle import build_bundle
from ferryman.targets.lambda_.image import build_image
from ferryman.targets.lambda_.options import LambdaOptions

__all__ = ("Code", "ImageCode", "ZipCode", "prepare_code")

# "Lambda quotas": the limits of a request, and of the unpacked code.
_DIRECT_LIMIT = 50 * 1024 * 1024
_UNPACKED_LIMIT = 250 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ZipCode:
    """A zip.

    Attributes:
        path: The zip.
        digest: Its hexadecimal SHA-256.
        bucket: The bucket to upload to; None for the account's default bucket.
        name: The project's name, the prefix of its key.
    """

    path: Path
    digest: str
    bucket: str | None
    name: str

    def parameters(self, aws: Aws, known: Mapping[str, str], live: str) -> Mapping[str, str]:
        """Return the template's parameters with the code's place.

        Args:
            aws: The session.
            known: The present parameters of the stack.
            live: The digest of the function's present code, in base64; or empty.
        """
        key = f"{self.name}/{self.digest}.zip"
        if known.get("CodeKey") == key and live != _base64(self.digest):
            # A direct deploy replaced the code, of which CloudFormation does not know: by
            # another key of the same content it puts the code back.
            key = f"{self.name}/{self.digest}-again.zip"
        return {"CodeBucket": self.bucket or bucket_name(aws), "CodeKey": key}

    def send(self, aws: Aws, parameters: Mapping[str, str | None], dialogue: Dialogue) -> None:
        """Upload the zip to the place in the parameters.

        Raises:
            ConfigError: There is no such bucket, and the user refused to create one.
            AwsError: AWS refused.
        """
        bucket, key = parameters["CodeBucket"], parameters["CodeKey"]
        assert bucket
        assert key
        ensure_bucket(aws, bucket, dialogue.ask)
        dialogue.progress("sending the zip")
        upload(aws, bucket, key, self.path)

    def direct(self, aws: Aws, dialogue: Dialogue) -> Mapping[str, Any]:
        """Return the arguments of `update_function_code`; a large zip is uploaded to S3 first."""
        if self.path.stat().st_size <= _DIRECT_LIMIT:
            return {"ZipFile": self.path.read_bytes()}
        parameters = self.parameters(aws, {}, "")
        self.send(aws, parameters, dialogue)
        return {"S3Bucket": parameters["CodeBucket"], "S3Key": parameters["CodeKey"]}


@dataclass(frozen=True, slots=True)
class ImageCode:
    """An image, as an OCI layout.

    Attributes:
        path: The layout.
        digest: The hexadecimal SHA-256 of its manifest.
        name: The repository it is pushed to.
    """

    path: Path
    digest: str
    name: str

    def parameters(self, aws: Aws, known: Mapping[str, str], live: str) -> Mapping[str, str]:
        """Return the template's parameter that names the image."""
        return {"ImageUri": image_uri(aws, self.name, self.digest)}

    def send(self, aws: Aws, parameters: Mapping[str, str | None], dialogue: Dialogue) -> None:
        """Push the image, unless the registry has it.

        Raises:
            AwsError: AWS refused.
            BuildError: The registry refused.
        """
        push(aws, self.name, self.path, dialogue.ask, dialogue.progress)

    def direct(self, aws: Aws, dialogue: Dialogue) -> Mapping[str, Any]:
        """Push the image, and return the arguments of `update_function_code`."""
        parameters = self.parameters(aws, {}, "")
        self.send(aws, parameters, dialogue)
        return dict(parameters)


Code = ZipCode | ImageCode


def prepare_code(project: Project, choices: Choices, dialogue: Dialogue) -> Code:
    """Build the project, or take the zip that `--zip` names.

    Raises:
        ConfigError: A setting is wrong, or the file is not a zip.
        BuildError: The zip or image could not be built.
    """
    options = project.section("lambda", LambdaOptions)
    name, out = project.fields.name, project.root / "dist" / "lambda"
    given = choices.text("zip")
    if options.image.build:
        artifact = build_image(project, out, dialogue.progress)
        return ImageCode(Path(artifact.path), artifact.digest.removeprefix("sha256:"), name)
    path = Path(given) if given else Path(build_bundle(project, out, dialogue.progress).path)
    _check(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return ZipCode(path, digest, choices.text("bucket") or options.deploy.bucket, name)


def _check(path: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (OSError, zipfile.BadZipFile) as error:
        raise ConfigError(f"--zip {path}: it cannot be read", cause=str(error)) from None
    total = sum(entry.file_size for entry in entries)
    if total <= _UNPACKED_LIMIT:
        return
    parts: dict[str, int] = {}
    for entry in entries:
        part = entry.filename.partition("/")[0]
        parts[part] = parts.get(part, 0) + entry.file_size
    largest = sorted(parts.items(), key=lambda one: -one[1])[:3]
    raise BuildError(
        f"{path.name} is {size_text(total)} unpacked; Lambda allows 250 MiB",
        cause="the largest parts are "
        + ", ".join(f"{part} ({size_text(size)})" for part, size in largest),
        hint="drop a dependency, or build an image: [tool.ferryman.lambda.image] build = true",
    )


def _base64(digest: str) -> str:
    import base64

    return base64.b64encode(bytes.fromhex(digest)).decode()
