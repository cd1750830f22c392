"""Writes the systemd unit for a machine without containers.

The unit is as strict as the server allows; `systemd-analyze security` rates it. This module never
calls systemd.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ferryman.building.artifact import Artifact, describe
from ferryman.building.image.dockerfile_context import write_context
from ferryman.building.installable import WHEELS
from ferryman.core.serving import CANCEL_TIMEOUT, CLEANUP_TIMEOUT, EXIT_TIMEOUT, Timing
from ferryman.project.needed_settings import plain_values, reference_for
from ferryman.project.project import Project
from ferryman.records.progress import Progress
from ferryman.records.version import ferryman_version
from ferryman.targets.server.image import MODULE, plan_image
from ferryman.targets.server.runtime.options import ServerSettings

__all__ = ("build_unit", "environment_file", "unit")

_ENVIRONMENT = """\
# Written by ferryman for {name}: copy it to /etc/{name}/environment, and change it there.
# These variables override the values from the build.
"""

_UNIT = """\
# Written by ferryman {version} for {name}. To install it, on the machine:
#   cp -r app requirements.txt{beside} /opt/{name}/
#   python{python} -m venv /opt/{name}/venv
#   /opt/{name}/venv/bin/pip install --require-hashes{links} -r /opt/{name}/requirements.txt
#   cp {name}.service /etc/systemd/system/
#   systemctl enable --now {name}
# `systemctl reload {name}` replaces the workers one by one; the new ones load the current code and
# certificate.

[Unit]
Description={name} {tag}
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
Type=notify
NotifyAccess=main
ExecStart=/opt/{name}/venv/bin/python -m ferryman.targets.server.runtime
ExecReload=/bin/kill -HUP $MAINPID
WorkingDirectory=/opt/{name}/app
Environment=PYTHONPATH=/opt/{name}/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
EnvironmentFile=-/etc/{name}/environment
Restart=on-failure
RestartSec=5
# Status 2 means wrong settings, which a restart cannot fix. An app that does not start may wait for
# a database, and a port may be in use for a while.
RestartPreventExitStatus=2
# The server notifies systemd when the app has started in every worker.
TimeoutStartSec={start:g}
# Only the master gets SIGTERM, and stops its workers; systemd kills what remains at the time limit.
KillMode=mixed
# {sum}
TimeoutStopSec={timeout:g}
LimitNOFILE=65536

DynamicUser=yes
RuntimeDirectory={name}
StateDirectory={name}
UMask=0077
CapabilityBoundingSet={capability}
AmbientCapabilities={capability}
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
PrivateUsers={private}
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProcSubset=pid
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
LockPersonality=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
"""


def environment_file(name: str, settings: Mapping[str, Any]) -> str:
    """Return the environment file of a machine: plain values, and the references of secrets."""
    plain = plain_values(settings)
    lines = [_ENVIRONMENT.format(name=name)]
    for variable, given in settings.items():
        if variable in plain:
            lines.append(f"{variable}={_quoted(plain[variable])}\n")
        elif reference := reference_for("server", given):
            lines.append(f"# {variable} is a secret, read when the server starts: {reference}\n")
        else:
            lines.append(f"# {variable} is required, and must be set here:\n#{variable}=\n")
    return "".join(lines)


def _quoted(value: str) -> str:
    """Return a value as systemd.exec(5) reads it in an EnvironmentFile."""
    for special in ("\\", '"', "$", "`"):
        value = value.replace(special, f"\\{special}")
    return f'"{value}"'


# The lowest port that any user may bind, by the kernel's default.
_FREE_PORTS = 1024


def build_unit(project: Project, out: Path, progress: Progress) -> Artifact:
    """Write a unit and the files that it runs into the directory `out`, completely or not at all.

    Raises:
        AppError: The app's module or attribute does not exist.
        ConfigError: A setting is wrong, or the requirements contradict each other.
        BuildError: The requirements could not be resolved.
    """
    plan = plan_image(project, contained=False)
    name, tag, python = project.fields.name, project.fields.version, project.fields.python
    settings = ServerSettings.read(plan.settings.options)

    needed = project.fields.settings

    def texts(wheels: bool) -> dict[str, str]:
        texts = {f"{name}.service": unit(name, tag, python, settings, wheels=wheels)}
        return texts | ({"environment": environment_file(name, needed)} if needed else {})

    app, verdict = write_context(project, plan, out, progress, texts)
    described = describe(
        target="server",
        name=name,
        version=tag,
        path=out,
        start=f"python -m {MODULE}",
        left_out=tuple(map(str, app.left_out)),
    )
    return replace(
        described,
        lacks=verdict.notes,
        tried=verdict.tried,
        runs_on=f"Python {python}",
        next=(("head", "-n", "8", str(out / f"{name}.service")),),
    )


def unit(
    name: str, tag: str, python: str, settings: ServerSettings, *, wheels: bool = False
) -> str:
    """Return the text of the systemd unit.

    Args:
        name: The project's name, which is the unit's.
        tag: The project's version.
        python: The version of Python it was built for, such as 3.13.
        settings: The server's settings.
        wheels: Whether there are wheels beside the unit that no index has.
    """
    timing: Timing = settings.timing
    privileged = any(0 < port < _FREE_PORTS for port in settings.front.ports)
    return _UNIT.format(
        capability="CAP_NET_BIND_SERVICE" if privileged else "",
        # In a user namespace of its own the capability would not reach the host's ports.
        private="no" if privileged else "yes",
        beside=f" {WHEELS}" if wheels else "",
        links=f" --find-links /opt/{name}/{WHEELS}" if wheels else "",
        version=ferryman_version(),
        name=name,
        tag=tag,
        python=python,
        timeout=timing.termination_grace,
        start=settings.start_timeout + timing.termination_grace,
        sum=f"drain_delay {timing.drain_delay:g}, graceful_timeout {timing.graceful_timeout:g}, "
        f"cancelled handlers {CANCEL_TIMEOUT}, the app's cleanup {CLEANUP_TIMEOUT}, "
        f"exit {EXIT_TIMEOUT}.",
    )
