"""What differs between the images of targets; the rest is the same for all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ferryman.building.app_parts import AppParts
from ferryman.building.conflicts import hold_pins_to
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
        programs: Packages among the requirements that run the app, and that it does not import.
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
    programs: tuple[str, ...] = ()

    def hold(self, parts: AppParts, root: Path) -> AppParts:
        """Return what an app brings, with no version that the target cannot run with.

        Args:
            parts: What it brings.
            root: The project's directory.

        Raises:
            ConfigError: The project pins such a version, and not of a program.
        """
        target = self.package.rstrip("_")
        lines, notes = hold_pins_to(
            *(self.requirements, parts.requirements, root / parts.place, target, self.programs)
        )
        return replace(parts, requirements=lines, notes=(*parts.notes, *notes))
