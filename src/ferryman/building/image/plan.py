"""What differs between the images of targets; the rest is the same for all."""

from __future__ import annotations

from dataclasses import dataclass

from ferryman.building.image.image_options import ImageOptions
from ferryman.core.settings import RuntimeSettings

__all__ = ("ImagePlan",)


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """A target's image.

    Attributes:
        package: The target's package under `ferryman.targets`.
        requirements: What its runtime needs, as lines of a requirements file.
        module: The module that starts it.
        arguments: Its arguments, unless the command that starts the image gives others.
        settings: What the runtime needs of the project.
        options: What the project says of the image.
        ports: The TCP ports that it listens to.
        health: The command that tells whether it is well; none if nothing does.
        keep: Glob patterns of files of packages that ship as they are, beside the options' own.
        drop: Glob patterns of files of packages that do not ship, beside the options' own.
        slim: Whether packages are slim, if the options do not say so.
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
    slim: bool = False
