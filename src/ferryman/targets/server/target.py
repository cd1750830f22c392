"""The server target, as the command line and `migrate` see it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pydantic import BaseModel

from ferryman.building.artifact import Artifact
from ferryman.core.capabilities import Capabilities
from ferryman.project.project import Project
from ferryman.records.progress import Progress
from ferryman.targets.aws_place import AWS_OPTIONS
from ferryman.targets.deployment import Choices, Deployment, Dialogue, VerbOption
from ferryman.targets.protocols import RunsLike
from ferryman.targets.server.options import ServerOptions
from ferryman.targets.server.runtime.capability import CAPABILITIES

__all__ = ("ServerTarget",)


_VERB_OPTIONS = (
    *AWS_OPTIONS,
    VerbOption(
        ("--image",),
        "Deploy this image from a registry instead of a new build.",
        verbs=("deploy", "diff"),
        metavar="URI",
    ),
    VerbOption(
        ("--stack-only",),
        "Write the stack's template to dist/stack.json for review, and stop.",
        verbs=("deploy",),
        switch=True,
    ),
)


class ServerTarget:
    """gunicorn with aiohttp's worker, on a machine or in a container."""

    name: ClassVar[str] = "server"
    summary: ClassVar[str] = "gunicorn with aiohttp's worker, on a machine or in a container"
    options: ClassVar[type[BaseModel]] = ServerOptions
    capabilities: ClassVar[Capabilities] = CAPABILITIES
    runs_like: ClassVar[RunsLike | None] = "server"
    verb_options: ClassVar[tuple[VerbOption, ...]] = _VERB_OPTIONS

    def build(self, project: Project, out: Path, progress: Progress) -> Artifact:
        """Write an image, or a Dockerfile or a systemd unit with its files, into `out`."""
        options = project.section("server", ServerOptions)
        if options.systemd:
            from ferryman.targets.server.systemd import build_unit

            return build_unit(project, out, progress)
        from ferryman.targets.server.image import build_context, build_image

        direct = options.image.build and options.image.tool == "none"
        return (build_image if direct else build_context)(project, out, progress)

    def deployment(self, project: Project, choices: Choices, dialogue: Dialogue) -> Deployment[Any]:
        """Return the deployment of a project's service to Amazon ECS.

        Raises:
            ConfigError: An option is wrong.
        """
        from ferryman.targets.server.deploying.deployment import open_service

        return open_service(project, choices, dialogue)

    def policy(
        self, project: Project, choices: Choices, verbs: tuple[str, ...]
    ) -> Mapping[str, Any]:
        """Return the IAM policy for some verbs on a project's service.

        Raises:
            ConfigError: Settings contradict each other.
        """
        from ferryman.targets.server.deploying.service_permissions import service_policy

        return service_policy(project, choices, verbs)
