"""`ferryman serve`: runs the app on this machine as its target would."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from pathlib import Path

from ferryman.core.errors import ConfigError
from ferryman.local.emulator import emulated, find_emulator, unpack
from ferryman.local.ending_signals import until_signal
from ferryman.local.gateway.http_server import start_gateway
from ferryman.local.lambda_.artifact_function import for_this_machine
from ferryman.local.server import cannot_listen, check_free, serve_server
from ferryman.project.project import Project
from ferryman.records.progress import Progress
from ferryman.targets.lambda_.bundle import build_bundle
from ferryman.targets.lambda_.options import LambdaOptions
from ferryman.targets.protocols import Address, Serves, Target

__all__ = ("serve", "serve_bundle")


def serve(
    target: Target,
    project: Project,
    address: Address,
    progress: Progress,
    *,
    artifact: bool = False,
) -> int:
    """Run the app on this machine as a target runs it, until a signal ends it.

    Args:
        target: The target.
        project: The project.
        address: Where to listen.
        progress: Called with each step, and with whether sources or an artifact run.
        artifact: Whether to run an artifact. Lambda always runs an artifact.

    Returns:
        The exit status. The server target replaces this process, and never returns.

    Raises:
        ConfigError: The target does not run here, the address is not available, or a program is
            not installed.
        FerrymanError: The app cannot be built or started.
    """
    if isinstance(target, Serves):
        return target.serve(project, address, progress)
    if target.runs_like != target.name:
        like = f"-t {target.runs_like}" if target.runs_like else "another target"
        raise ConfigError(
            f"the target {target.name} does not run on this machine",
            hint=f"use `ferryman serve {like}`, which runs the app as {target.name} does",
        )
    if target.runs_like == "server":
        if artifact:
            raise ConfigError(
                "--artifact: `ferryman serve` runs the server only from the sources",
                hint="build its image with `ferryman build -t server --image`, and run the image",
            )
        serve_server(project, address, progress)
    with contextlib.suppress(KeyboardInterrupt):
        _serve_lambda(project, address, progress)
    return 0


def _serve_lambda(project: Project, address: Address, progress: Progress) -> None:
    """Build for this machine, and answer HTTP with the bundle under AWS's emulator."""
    options = project.section("lambda", LambdaOptions)
    find_emulator(options)  # raises before the build, which takes long
    check_free(address)
    with tempfile.TemporaryDirectory(prefix="ferryman-") as scratch:
        artifact = build_bundle(for_this_machine(project), Path(scratch, "bundle"), progress)
        bundle = Path(artifact.path)
        progress("lambda runs the artifact, built for this machine")
        asyncio.run(serve_bundle(bundle, Path(scratch), options, address, progress))


async def serve_bundle(
    bundle: Path, scratch: Path, options: LambdaOptions, address: Address, progress: Progress
) -> None:
    """Answer HTTP at an address with a bundle under AWS's emulator, until a signal ends it.

    Args:
        bundle: A zip that was built for this machine's Python and architecture.
        scratch: A directory to unpack it in.
        options: The function's memory and timeout, and the emulator's path.
        address: Where to listen.
        progress: Called when the gateway listens.

    Raises:
        ConfigError: The address is not available, or the emulator is not installed.
        BuildError: The emulator did not start.
    """
    stopped = until_signal()
    unpack(bundle, scratch / "task")
    async with emulated(scratch / "task", options) as emulator:
        try:
            runner = await start_gateway(emulator.invoke, address)
        except OSError as error:
            raise cannot_listen(address, error) from None
        progress(f"lambda answers at http://{address}")
        await stopped.wait()
        await runner.cleanup()
