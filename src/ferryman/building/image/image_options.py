"""The settings of an image, a table `image` in the section of each target that makes one."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = ("ImageOptions",)


class ImageOptions(BaseModel):
    """The keys of `[tool.ferryman.<target>.image]`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    build: bool = Field(default=False, description="Build an image.")
    tool: Literal["none", "auto", "docker", "podman", "buildah"] = Field(
        default="none",
        description="What builds the image: none for ferryman itself, with an interpreter of this "
        "machine, or a container tool, with a Dockerfile. auto takes the first tool that works.",
    )
    archive: Literal["directory", "oci", "docker"] = Field(
        default="directory",
        description="What ferryman itself writes: directory for an OCI layout, oci for a tar of "
        "one, docker for a tar that `docker load` reads.",
    )
    push: str = Field(
        default="",
        description="Where to push the image, as REGISTRY/NAME:TAG. The credentials come from "
        "docker's config.json.",
    )
    interpreters: tuple[str, ...] = Field(
        default=(),
        description="The interpreters for images, one for each processor: paths of programs or of "
        "their directories. By default this machine's own.",
    )
    keep: tuple[str, ...] = Field(
        default=(),
        description="Files of packages that ship unchanged, as glob patterns of their paths.",
    )
    drop: tuple[str, ...] = Field(
        default=(),
        description="Files of packages that do not ship, as glob patterns of their paths. keep "
        "overrides drop.",
    )
    slim: bool = Field(
        default=False,
        description="Leave out the tests, type stubs and sources of packages, except of packages "
        "that read their own files. Packages that ferryman was tested with are always slim.",
    )
