"""Runs the server on this machine: the runtime that ships, with the settings that a build writes.

`serve` replaces itself by the server, `measure` starts it under load, and `dev` starts its workers.
They share the settings, and the environment variables through which a server process finds them.
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
"""The command of a server that finds its settings through `server_variables`."""


def bake_server(project: Project, address: Address, **changed: object) -> RuntimeSettings:
    """Return the settings of a project's server on this machine.

    Args:
        project: The project.
        address: Where to listen, in place of the project's setting.
        changed: Settings of the server to change; None removes a setting.
    """
    options = {**local(project.section("server", ServerOptions), str(address)), **changed}
    return project.baked("server", {k: v for k, v in options.items() if v is not None})


def server_variables(
    project: Project, settings: Path | str, outer: Mapping[str, str]
) -> dict[str, str]:
    """Return the environment variables of a server's process.

    Args:
        project: The project, whose modules are imported from its directory.
        settings: The file of baked settings.
        outer: The environment variables to extend.

    Raises:
        AppModuleMissing: The app's module is not in the project.
    """
    path = os.pathsep.join(filter(None, (str(import_root(project)), outer.get("PYTHONPATH"))))
    return {**outer, SETTINGS_VARIABLE: str(settings), "PYTHONPATH": path}


def serve_server(project: Project, address: Address, progress: Progress) -> NoReturn:
    """Replace this process by the server, which then handles signals and sets the exit status.

    Raises:
        ConfigError: gunicorn is not installed, or the address is in use.
        AppModuleMissing: The app's module is not in the project.
    """
    need_gunicorn()
    settings = bake_server(project, address).to_json().encode()
    # The new program reads the settings from a pipe, as a file, so that nothing stays on disk. They
    # are far smaller than a pipe's buffer.
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
    """Return the error for an address that is in use, or does not belong to this machine."""
    return ConfigError(
        f"cannot listen at {address}", cause=error.strerror, hint="pass another --bind"
    )


def check_free(address: Address) -> None:
    """Check that this process can listen at an address.

    Raises:
        ConfigError: The address is in use, or does not belong to this machine.
    """
    # gunicorn itself would retry for five seconds, and fill its log.
    family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
    try:
        socket.create_server((address.host, address.port), family=family).close()
    except OSError as error:
        raise cannot_listen(address, error) from None
