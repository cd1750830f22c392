"""The image of a service: built without a container tool, or taken from a registry."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ferryman.aws.image_repository import image_uri, push
from ferryman.aws.session import Aws
from ferryman.building.image.writing import choose_interpreters, write_image
from ferryman.core.errors import ConfigError
from ferryman.project.project import Project
from ferryman.targets.deployment import Choices, Dialogue
from ferryman.targets.server.image import plan_image
from ferryman.targets.server.options import ServerOptions

__all__ = ("ServiceImage", "prepare_image")

_PROCESSORS = {"amd64": "x86_64", "arm64": "arm64"}


@dataclass(frozen=True, slots=True)
class ServiceImage:
    """An image.

    Attributes:
        architecture: The processor of the tasks that run it: `arm64` or `x86_64`.
        uri: Its URI in a registry; None for a built image.
        layout: The OCI layout of a built image.
        digest: The hexadecimal SHA-256 of its manifest or index.
        repository: The repository it is pushed to.
    """

    architecture: str
    uri: str | None = None
    layout: Path | None = None
    digest: str = ""
    repository: str = ""

    def reference(self, aws: Aws) -> str:
        """Return the image's URI.

        Raises:
            AwsError: AWS refused.
        """
        return self.uri or image_uri(aws, self.repository, self.digest)

    def send(self, aws: Aws, dialogue: Dialogue) -> None:
        """Push the image, unless the registry has it.

        Raises:
            ConfigError: There is no repository, and the user refused to create one.
            BuildError: The registry refused.
            AwsError: AWS refused.
        """
        if self.layout:
            push(aws, self.repository, self.layout, dialogue.ask, dialogue.progress)


def prepare_image(project: Project, choices: Choices, dialogue: Dialogue) -> ServiceImage:
    """Build the project's image, or take the one that `--image` names.

    Raises:
        ConfigError: A setting is wrong, or the image is not for the processor of the tasks.
        BuildError: The image could not be built.
    """
    options = project.section("server", ServerOptions)
    wanted = options.deploy.architecture
    if given := choices.text("image"):
        if wanted is None:
            raise ConfigError(
                f"--image {given}: it is not known which processor it is for",
                hint="set server.deploy.architecture to arm64 or x86_64",
            )
        return ServiceImage(wanted, given)
    if options.image.tool != "none":
        raise ConfigError(
            f'[tool.ferryman.server.image] tool = "{options.image.tool}" builds no image here',
            hint="push the image that it builds, and name it by --image; or leave `tool` out",
        )
    plan = plan_image(project)
    layout_alone = plan.options.model_copy(update={"archive": "directory", "push": ""})
    plan = replace(plan, options=layout_alone)
    interpreters = choose_interpreters(project, plan.options)
    out = project.root / "dist" / "server"
    artifact = write_image(project, "server", plan, interpreters, out, dialogue.progress)
    layout = Path(artifact.path)
    return ServiceImage(
        _architecture(layout, wanted),
        layout=layout,
        digest=artifact.digest.removeprefix("sha256:"),
        repository=options.deploy.repository or project.fields.name,
    )


def _architecture(layout: Path, wanted: str | None) -> str:
    """Return the processor that tasks run on.

    Raises:
        ConfigError: The image is not for the wanted processor.
    """
    there = sorted(_PROCESSORS[name] for name in _processors(layout))
    if wanted is None:
        return there[0]
    if wanted not in there:
        raise ConfigError(
            f"[tool.ferryman.server.deploy] architecture = {wanted}, and the image is for "
            + " and ".join(there),
            cause="it holds the interpreter that it was built with",
            hint=f"set architecture to {there[0]}, or name an interpreter for {wanted} in "
            "[tool.ferryman.server.image] interpreters",
        )
    return wanted


def _processors(layout: Path) -> list[str]:
    (top,) = _read(layout / "index.json")["manifests"]
    document = _blob(layout, top["digest"])
    if "manifests" in document:
        return [str(one["platform"]["architecture"]) for one in document["manifests"]]
    return [str(_blob(layout, document["config"]["digest"])["architecture"])]


def _blob(layout: Path, digest: str) -> dict[str, Any]:
    return _read(layout / "blobs" / digest.replace(":", "/"))


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found
