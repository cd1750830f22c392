"""The options of `ferryman build` that make an image."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from ferryman.targets.protocols import Target

__all__ = ("image_assignments", "image_options", "makes_image")

_Command = TypeVar("_Command", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--image", "build_image", is_flag=True, help="Build an image without a container tool."
    ),
    click.option(
        *("--with", "tool"),
        type=click.Choice(["none", "auto", "docker", "podman", "buildah"]),
        help="Build the image from a Dockerfile with this tool; auto takes the first that works.",
    ),
    click.option(
        "--archive",
        type=click.Choice(["oci", "docker"]),
        help="Write the image as one tar: an OCI layout, or an archive for `docker load`.",
    ),
    click.option("--push", metavar="REGISTRY/NAME:TAG", help="Push the image to a registry."),
    click.option(
        *("--interpreter", "interpreters"),
        type=click.Path(path_type=Path),
        multiple=True,
        help="A Python interpreter for the image, or its directory; one for each processor.",
    ),
)


def image_options(command: _Command) -> _Command:
    """Add the options to a command, which gets those that were given as the dict `image`."""

    @wraps(command)
    def gather(
        build_image: bool,
        tool: str | None,
        archive: str | None,
        push: str | None,
        interpreters: tuple[Path, ...],
        **rest: Any,
    ) -> Any:
        paths = [str(path.absolute()) for path in interpreters]
        chosen = {"tool": tool, "archive": archive, "push": push, "interpreters": paths}
        image: dict[str, object] = {name: value for name, value in chosen.items() if value}
        if image or build_image:
            image["build"] = True
        return command(image=image, **rest)

    for option in reversed(_OPTIONS):
        gather = option(gather)
    return gather  # type: ignore[return-value]


def makes_image(target: Target) -> bool:
    """Return whether a target builds an image."""
    from ferryman.building.image.image_options import ImageOptions

    field = target.options.model_fields.get("image")
    return field is not None and field.annotation is ImageOptions


def image_assignments(target: str, image: Mapping[str, object]) -> tuple[str, ...]:
    """Return the given options as assignments of settings, KEY=VALUE."""
    return tuple(
        f"{target}.image.{name}={value if isinstance(value, str) else json.dumps(value)}"
        for name, value in image.items()
    )
