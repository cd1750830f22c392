"""The server target, as the command line and `migrate` see it."""

from __future__ import annotations

import importlib.util
import os
import socket
import sys
from pathlib import Path
from typing import ClassVar, NoReturn

from pydantic import BaseModel

from ferryman.core.build.artifact import Artifact
from ferryman.core.build.project import Project
from ferryman.core.build.sources import import_root
from ferryman.core.build.target import Address, Progress
from ferryman.core.capabilities import Capabilities
from ferryman.core.errors import ConfigError
from ferryman.core.settings import SETTINGS_VARIABLE, RuntimeSettings
from ferryman.targets.server.image import build_context, build_image
from ferryman.targets.server.options import ServerOptions, local
from ferryman.targets.server.runtime.capability import CAPABILITIES
from ferryman.targets.server.systemd import build_unit

__all__ = ("ServerTarget",)


class ServerTarget:
    """gunicorn with aiohttp's worker, on a machine or in a container."""

    name: ClassVar[str] = "server"
    summary: ClassVar[str] = "gunicorn with aiohttp's worker, on a machine or in a container"
    options: ClassVar[type[BaseModel]] = ServerOptions
    capabilities: ClassVar[Capabilities] = CAPABILITIES

    def build(self, project: Project, out: Path, progress: Progress) -> Artifact:
        """Write an image into `out`, or a Dockerfile or a systemd unit and what goes with it."""
        options = project.section("server", ServerOptions)
        if options.systemd:
            return build_unit(project, out, progress)
        direct = options.image.build and options.image.tool == "none"
        return (build_image if direct else build_context)(project, out, progress)

    def serve(self, project: Project, address: Address, progress: Progress) -> int:
        """Replace this process by the server, so that signals and status are gunicorn's own."""
        if importlib.util.find_spec("gunicorn") is None:
            raise ConfigError("gunicorn is not installed", hint="pip install 'ferryman[server]'")
        options = project.section("server", ServerOptions)
        settings = project.baked("server", local(options, str(address)))
        root = import_root(project)
        _check_free(address)
        os.chdir(project.root)
        _become_server(settings, root)


def _check_free(address: Address) -> None:
    # gunicorn tries for five seconds, and says so in its log.
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        socket.create_server((address.host, address.port), family=family).close()
    except OSError as error:
        raise ConfigError(
            f"cannot listen at {address}", cause=error.strerror, hint="pass another --bind"
        ) from None


def _become_server(settings: RuntimeSettings, root: Path) -> NoReturn:
    # The settings go through a pipe that the new program reads as a file: nothing is left
    # on disk, however the server ends. They are far smaller than a pipe's buffer.
    reading, writing = os.pipe()
    os.write(writing, settings.to_json().encode())
    os.close(writing)
    os.set_inheritable(reading, True)
    path = os.pathsep.join(filter(None, (str(root), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {SETTINGS_VARIABLE: f"/dev/fd/{reading}", "PYTHONPATH": path}
    command = [sys.executable, "-m", "ferryman.targets.server.runtime"]
    os.execve(sys.executable, command, environment)
