"""What a target says of its image; the rest is the same for all."""

from __future__ import annotations

from dataclasses import dataclass

from ferryman.core.build.image.options import ImageOptions
from ferryman.core.settings import RuntimeSettings

__all__ = ("ImagePlan",)


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """A target's image.

    Attributes:
        package: The target's package under `ferryman.targets`.
        requirements: What its runtime needs besides aiohttp, as lines of a requirements file.
        module: The module that starts it.
        arguments: What that is told, unless whoever starts the image says otherwise.
        settings: What the runtime needs of the project.
        options: What the project says of the image.
        ports: The TCP ports that it listens to.
        health: The command that tells whether it is well; none if nothing does.
        keep: Glob patterns of files of packages that ship as they are, beside the options' own.
        drop: Glob patterns of files of packages that do not ship, beside the options' own.
    """

    package: str
    requirements: tuple[str, ...]
    module: str
    settings: RuntimeSettings
    options: ImageOptions
    arguments: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()
    health: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
