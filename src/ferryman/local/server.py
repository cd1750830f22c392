"""A server on this machine: the runtime that ships, with the settings that a build would write.

`serve` becomes it, `measure` starts it under load, and `dev` starts its workers. What they
share is here: the settings, and the variables that a server process finds them by.
"""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from ferryman.building.app_files import import_root
from ferryman.core.errors import ConfigError
from ferryman.core.settings import SETTINGS_VARIABLE, RuntimeSettings
from ferryman.local.needed_packages import need_gunicorn
from ferryman.project.project import Project
from ferryman.records.progress import Progress
from ferryman.targets.protocols import Address
from ferryman.targets.server.options import ServerOptions, local

__all__ = (
    "COMMAND",
    "bake_server",
    "cannot_listen",
    "check_free",
    "serve_server",
    "server_variables",
)

COMMAND = (sys.executable, "-m", "ferryman.targets.server.runtime")
"""The command of a server that finds its settings by `server_variables`."""


def bake_server(project: Project, address: Address, **changed: object) -> RuntimeSettings:
    """Return the settings of a project's server that listens on this machine.

    Args:
        project: The project.
        address: Where to listen, in place of the project's setting.
        changed: Settings of the server that differ here; None removes a setting.
    """
    options = {**local(project.section("server", ServerOptions), str(address)), **changed}
    return project.baked("server", {k: v for k, v in options.items() if v is not None})


def server_variables(
    project: Project, settings: Path | str, outer: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment of a server's process.

    Args:
        project: The project; its modules are imported from where they stand.
        settings: The file of baked settings.
        outer: The environment to extend.

    Raises:
        AppModuleMissing: The app's module is not in the project.
    """
    path = os.pathsep.join(filter(None, (str(import_root(project)), outer.get("PYTHONPATH"))))
    return {**outer, SETTINGS_VARIABLE: str(settings), "PYTHONPATH": path}


def serve_server(project: Project, address: Address, progress: Progress) -> NoReturn:
    """Replace this process by the server, so that signals and status are gunicorn's own.

    Raises:
        ConfigError: gunicorn is not installed, or the address is taken.
        AppModuleMissing: The app's module is not in the project.
    """
    need_gunicorn()
    settings = bake_server(project, address).to_json().encode()
    # The settings go through a pipe that the new program reads as a file: nothing is left
    # on disk, however the server ends. They are far smaller than a pipe's buffer.
    reading, writing = os.pipe()
    variables = server_variables(project, f"/dev/fd/{reading}", os.environ)
    check_free(address)
    os.write(writing, settings)
    os.close(writing)
    os.set_inheritable(reading, True)
    progress(f"the server runs the sources in {project.root}")
    os.chdir(project.root)
    os.execve(COMMAND[0], COMMAND, variables)


def cannot_listen(address: Address, error: OSError) -> ConfigError:
    """Return the error of an address that is taken, or does not belong to this machine."""
    return ConfigError(
        f"cannot listen at {address}", cause=error.strerror, hint="pass another --bind"
    )


def check_free(address: Address) -> None:
    """Check that an address can be listened at.

    Raises:
        ConfigError: The address is taken, or not this machine's.
    """
    # gunicorn tries for five seconds, and says so in its log.
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        socket.create_server((address.host, address.port), family=family).close()
    except OSError as error:
        raise cannot_listen(address, error) from None
