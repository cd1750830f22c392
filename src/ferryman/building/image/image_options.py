"""The settings of an image, a table `image` in the section of each target that makes one."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ("ImageOptions",)


class ImageOptions(BaseModel):
    """The keys of `[tool.ferryman.<target>.image]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    build: bool = Field(default=False, description="Whether to build an image.")
    tool: Literal["none", "auto", "docker", "podman", "buildah"] = Field(
        default="none",
        description="What builds the image: ferryman itself, from an interpreter of this machine, "
        "or a container tool, from a Dockerfile. auto is the first tool that works.",
    )
    archive: Literal["directory", "oci", "docker"] = Field(
        default="directory",
        description="What ferryman itself writes: an OCI layout, a tar of one, or a tar that "
        "`docker load` takes.",
    )
    push: str = Field(
        default="",
        description="Where the image is pushed to, REGISTRY/NAME:TAG. Credentials are docker's "
        "own, from its config.json.",
    )
    interpreters: tuple[str, ...] = Field(
        default=(),
        description="The interpreters to put into images, as paths of programs or of the "
        "directories that hold them: one for each processor. By default this machine's own.",
    )
    keep: tuple[str, ...] = Field(
        default=(),
        description="Files of packages that ship as their wheels have them, as glob patterns of "
        "their paths.",
    )
    drop: tuple[str, ...] = Field(
        default=(),
        description="Files of packages that do not ship, as glob patterns of their paths. keep "
        "goes before drop.",
    )
    slim: bool = Field(
        default=False,
        description="Leave out the tests, type stubs and sources of packages, but for those that "
        "read their own files. Packages that ferryman was tested with are slim always.",
    )
