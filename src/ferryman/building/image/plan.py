"""The plan of a target's image: what differs between targets."""

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
        requirements: Its runtime's requirements, as lines of a requirements file.
        module: The module that starts it.
        arguments: Its arguments, unless the command that starts the image gives others.
        settings: The runtime's settings.
        options: The project's options for the image.
        ports: The TCP ports that it listens to.
        health: The command of the health check; empty for none.
        keep: Glob patterns of package files that ship unchanged, in addition to the options' own.
        drop: Glob patterns of package files that do not ship, in addition to the options' own.
        slim: Whether packages are slim, if the options do not set it.
        programs: Packages among the requirements that run the app and that it does not import.
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
        """Return an app's parts, without versions that the target cannot run with.

        Args:
            parts: The app's parts.
            root: The project's directory.

        Raises:
            ConfigError: The project pins such a version, and not of a program.
        """
        target = self.package.rstrip("_")
        lines, notes = hold_pins_to(
            *(self.requirements, parts.requirements, root / parts.place, target, self.programs)
        )
        return replace(parts, requirements=lines, notes=(*parts.notes, *notes))
