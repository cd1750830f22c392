"""The project: all settings of a build, resolved from their layers.

It exists where ferryman builds, never where the app runs. A target has its own section of settings,
with its own model; this module knows no target by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ferryman.core.app_reference import AppReference
from ferryman.core.errors import ConfigError
from ferryman.core.settings import RuntimeSettings
from ferryman.project.likely_apps import likely_apps, unreachable_app
from ferryman.project.needed_settings import NeededSettings, baked

__all__ = ("DEFAULT", "Check", "Project", "ProjectFields", "Section")

Check = Literal["start", "import", "parse"]

Section = TypeVar("Section", bound=BaseModel)

DEFAULT = "default"
"""The origin of a default value."""

# A name becomes file names, labels of Kubernetes objects and function names, so it is
# held to the narrowest of their rules: a DNS label (RFC 1123).
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]


class ProjectFields(BaseModel):
    """The keys of `[tool.ferryman]` that belong to no target."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    app: str | None = Field(
        default=None,
        description="The application as module:attribute: an Application, or a factory of one.",
    )
    name: Name = Field(default="app", description="The project's name, a DNS label.")
    version: str = Field(default="0.0.0", description="The project's version.")
    python: str = Field(
        default="3.13",
        pattern=r"^3\.\d+$",
        description="The Python version that artifacts are built for, as major.minor; by default "
        "that of .python-version, or of the running interpreter, or one that requires-python "
        "allows.",
    )
    include: tuple[str, ...] = Field(
        default=(),
        description="Files and directories that ship in addition to the app's top-level package, "
        "relative to the project's directory.",
    )
    exclude: tuple[str, ...] = Field(
        default=("tests", "test_*.py", "conftest.py"),
        description="Names of files and directories that never ship, as glob patterns.",
    )
    source: str | None = Field(
        default=None,
        description="The directory from which the app's modules are imported; all of it ships. By "
        "default src or the project's directory, whichever has the app's module.",
    )
    check: Check = Field(
        default="start",
        description="How a build tests the app, if this machine can run it: parse its files, "
        "import it too, or start and stop it too.",
    )
    requirements: str | None = Field(
        default=None,
        description="A requirements file to use instead of a lock file and the dependencies of "
        "[project].",
    )
    settings: NeededSettings = Field(
        default={},
        description="Environment variables that the app needs, by name: a value, "
        '{ secret = "aws-sm:..." } or { required = true }.',
    )
    extras: tuple[str, ...] = Field(
        default=(),
        description="Extras in [project.optional-dependencies] whose packages ship too.",
    )
    groups: tuple[str, ...] = Field(
        default=(),
        description="Groups in [dependency-groups] whose packages ship too.",
    )


@dataclass(frozen=True, slots=True)
class Project:
    """The resolved configuration of one project.

    Attributes:
        root: The project's directory, absolute.
        fields: The keys that belong to no target.
        sections: Each target's own settings, by the target's name.
        origins: The origin of each value, by its dotted key.
        flags: The unparsed values of flags, by dotted key.
        overlays: The names of the overlays that pyproject.toml has.
        overlay: The name of the overlay in use, or None.
    """

    root: Path
    fields: ProjectFields
    sections: Mapping[str, BaseModel]
    origins: Mapping[str, str]
    flags: Mapping[str, object] = field(default_factory=dict)
    overlays: tuple[str, ...] = ()
    overlay: str | None = None

    @property
    def app(self) -> AppReference:
        """The reference of the app.

        Raises:
            ConfigError: The app is not set, or not of the form `module:attribute`.
        """
        if self.fields.app is None:
            likely = likely_apps(self.root)
            raise ConfigError(
                f"{self.root.name}: the project names no app",
                cause=f"it may be {' or '.join(likely[:3])}"
                if likely
                else unreachable_app(self.root),
                hint=f'set app = "{likely[0] if likely else "module:attribute"}" in '
                "[tool.ferryman] of pyproject.toml, or pass --app",
            )
        return AppReference.parse(self.fields.app)

    def section(self, name: str, model: type[Section]) -> Section:
        """Return a target's own settings."""
        section = self.sections[name]
        assert isinstance(section, model)
        return section

    def baked(self, target: str, options: Mapping[str, object]) -> RuntimeSettings:
        """Return the runtime settings of a target."""
        return RuntimeSettings(
            app=str(self.app),
            name=self.fields.name,
            version=self.fields.version,
            target=target,
            options=options,
            settings={name: baked(value, target) for name, value in self.fields.settings.items()},
        )
