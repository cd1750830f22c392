"""The protocols of a target: all that the command line, `local`, `measure` and `migrate` know.

Every target follows `Target`. The other protocols are optional, one for each ability that not every
target has; callers check with `isinstance`. A package adds a target through the entry-point group
`ferryman.targets`; docs/how-to/own-target.md shows how.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, Protocol, runtime_checkable

from pydantic import BaseModel

from ferryman.building.artifact import Artifact
from ferryman.building.contents_report import Report
from ferryman.building.import_profile import ImportProfile
from ferryman.core.capabilities import Capabilities
from ferryman.project.project import Project
from ferryman.records.progress import Progress

__all__ = (
    "Address",
    "Explains",
    "Profiles",
    "Renders",
    "RunsLike",
    "Serves",
    "Target",
    "TellsOutputs",
)

RunsLike = Literal["lambda", "server"]
"""How an app runs on this machine: in environments that get events, or behind a socket."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return `host:port`, an IPv6 host in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Target(Protocol):
    """A way to run the app."""

    name: ClassVar[str]
    summary: ClassVar[str]
    """A description of the target in a few words."""

    options: ClassVar[type[BaseModel]]
    """The model of the target's own section, `[tool.ferryman.<name>]`; every field has a
    default."""

    capabilities: ClassVar[Capabilities]

    runs_like: ClassVar[RunsLike | None]
    """What `dev`, `invoke`, `measure`, the pytest plugin and the parity check run on this
    machine for the target: the local Lambda, or ferryman's server with the project's
    `[tool.ferryman.server]`. With None they refuse the target."""

    def build(self, project: Project, out: Path, progress: Progress) -> Artifact:
        """Write the artifact to the directory `out`, completely or not at all.

        Raises:
            FerrymanError: The build failed; `out` is unchanged.
        """


@runtime_checkable
class Serves(Protocol):
    """A target with its own way to run the app on this machine: `ferryman serve`."""

    def serve(self, project: Project, address: Address, progress: Progress) -> int:
        """Run the app until a signal ends it, and return the exit status."""


@runtime_checkable
class Explains(Protocol):
    """A target that reports what takes up space in its artifact: `ferryman build --explain`."""

    def explain(self, project: Project, out: Path, progress: Progress) -> tuple[Artifact, Report]:
        """Write the artifact to `out` as `build` does, and return what it holds and leaves out."""


@runtime_checkable
class Profiles(Protocol):
    """A target that times the app's imports from its artifact: `ferryman build --profile`."""

    def profile(self, project: Project, artifact: Artifact) -> ImportProfile:
        """Return the costs of the app's imports, timed from a built artifact."""


@runtime_checkable
class Renders(Protocol):
    """A target whose artifact is one text: `ferryman build --out -`."""

    def render(self, project: Project, progress: Progress) -> str:
        """Return the text."""


@runtime_checkable
class TellsOutputs(Protocol):
    """A target with values for other deployment tools: `ferryman build --outputs`."""

    def outputs(self, project: Project, artifact: Artifact) -> Mapping[str, object]:
        """Return the values of an artifact that Terraform or CDK need, as JSON data."""
        ...
