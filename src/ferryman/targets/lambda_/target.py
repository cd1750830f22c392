"""The Lambda target, as the command line and `migrate` see it."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel

from ferryman.core.build.artifact import Artifact
from ferryman.core.build.import_profile import ImportProfile
from ferryman.core.build.project import Project
from ferryman.core.build.report import Report
from ferryman.core.build.target import Address, Progress
from ferryman.core.capabilities import Capabilities
from ferryman.core.errors import ConfigError
from ferryman.targets.lambda_.bundle import build_bundle, build_explained, profile_bundle
from ferryman.targets.lambda_.image import build_image
from ferryman.targets.lambda_.options import LambdaOptions
from ferryman.targets.lambda_.runtime.capability import CAPABILITIES

__all__ = ("LambdaTarget",)


class LambdaTarget:
    """AWS Lambda, behind a Function URL or an HTTP API."""

    name: ClassVar[str] = "lambda"
    summary: ClassVar[str] = "AWS Lambda, behind a Function URL or an HTTP API"
    options: ClassVar[type[BaseModel]] = LambdaOptions
    capabilities: ClassVar[Capabilities] = CAPABILITIES

    def build(self, project: Project, out: Path, progress: Progress) -> Artifact:
        """Write the zip for a managed runtime into `out`, or an image."""
        options = project.section("lambda", LambdaOptions)
        build = build_image if options.image.build else build_bundle
        return build(project, out, progress)

    def explain(self, project: Project, out: Path, progress: Progress) -> tuple[Artifact, Report]:
        """Write the zip into `out`, and tell what takes the space in it."""
        return build_explained(project, out, progress)

    def profile(self, project: Project, artifact: Artifact) -> ImportProfile:
        """Return what the app's imports cost, timed from a zip that was built."""
        return profile_bundle(project, artifact)

    def serve(self, project: Project, address: Address, progress: Progress) -> int:
        """Build for this machine, and answer HTTP with the bundle under AWS's emulator."""
        with tempfile.TemporaryDirectory(prefix="ferryman-") as scratch:
            artifact = build_bundle(_for_this_machine(project), Path(scratch, "bundle"), progress)
            options = project.section("lambda", LambdaOptions)
            with contextlib.suppress(KeyboardInterrupt):
                asyncio.run(
                    serve_bundle(Path(artifact.path), Path(scratch), options, address, progress)
                )
        return 0


async def serve_bundle(
    bundle: Path, scratch: Path, options: LambdaOptions, address: Address, progress: Progress
) -> None:
    """Answer HTTP at an address with a bundle under AWS's emulator, until SIGTERM or SIGINT.

    Args:
        bundle: A zip that was built for this machine's Python and architecture.
        scratch: A directory to unpack it in.
        options: The function's memory and timeout, and where the emulator is.
        address: Where to listen.
        progress: Told when it answers.

    Raises:
        ConfigError: The address cannot be listened at, or there is no emulator.
        BuildError: The emulator did not start.
    """
    from ferryman.targets.lambda_.emulator import emulated, unpack
    from ferryman.targets.lambda_.gateway.server import start_gateway

    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    unpack(bundle, scratch / "task")
    async with emulated(scratch / "task", options) as emulator:
        try:
            runner = await start_gateway(emulator.invoke, address)
        except OSError as error:
            raise ConfigError(
                f"cannot listen at {address}", cause=error.strerror, hint="pass another --bind"
            ) from None
        progress(f"lambda answers at http://{address}")
        await stopped.wait()
        await runner.cleanup()


def _for_this_machine(project: Project) -> Project:
    from ferryman.targets.lambda_.emulator import host_architecture, host_python

    options = project.section("lambda", LambdaOptions)
    local = options.model_copy(update={"architecture": host_architecture()})
    return replace(
        project,
        fields=project.fields.model_copy(update={"python": host_python()}),
        sections={**project.sections, "lambda": local},
    )
