"""Writes the systemd unit of a machine without containers.

The unit is as strict as the server bears; `systemd-analyze security` rates it. Nothing
here calls systemd.
"""

from __future__ import annotations

from pathlib import Path

from ferryman.core.build.artifact import Artifact, describe
from ferryman.core.build.image.context import write_context
from ferryman.core.build.project import Project
from ferryman.core.build.target import Progress
from ferryman.core.build.version import ferryman_version
from ferryman.core.serving import Timing
from ferryman.targets.server.image import MODULE, plan_image
from ferryman.targets.server.runtime.options import ServerSettings

__all__ = ("build_unit", "unit")

_UNIT = """\
# Written by ferryman {version} for {name}. To install it, on the machine:
#   cp -r app requirements.txt /opt/{name}/
#   python{python} -m venv /opt/{name}/venv
#   /opt/{name}/venv/bin/pip install --require-hashes -r /opt/{name}/requirements.txt
#   cp {name}.service /etc/systemd/system/
#   systemctl enable --now {name}
# `systemctl reload {name}` replaces the workers one by one, with the code and the
# certificate as they then are.

[Unit]
Description={name} {tag}
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
NotifyAccess=main
ExecStart=/opt/{name}/venv/bin/python -m ferryman.targets.server.runtime
ExecReload=/bin/kill -HUP $MAINPID
WorkingDirectory=/opt/{name}/app
Environment=PYTHONPATH=/opt/{name}/app PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
EnvironmentFile=-/etc/{name}/environment
Restart=on-failure
# The settings are wrong, or the app does not start: trying again would not help.
RestartPreventExitStatus=2 3
# The master is told, and tells its workers; only what is left after that is killed.
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

# The lowest port that anybody may bind, as the kernel has it by default.
_FREE_PORTS = 1024

# Seconds over what the server takes to stop, before systemd kills what is left.
_MARGIN = 5


def build_unit(project: Project, out: Path, progress: Progress) -> Artifact:
    """Write a unit, and what it runs, into the directory `out`, whole or not at all.

    Raises:
        AppError: The app's module or attribute does not exist.
        ConfigError: A setting is wrong, or the requirements contradict each other.
        BuildError: The requirements could not be resolved.
    """
    plan = plan_image(project, contained=False)
    name, tag, python = project.fields.name, project.fields.version, project.fields.python
    text = unit(name, tag, python, ServerSettings.read(plan.settings.options))
    write_context(project, plan, out, progress, {f"{name}.service": text})
    return describe(target="server", name=name, version=tag, path=out, start=f"python -m {MODULE}")


def unit(name: str, tag: str, python: str, settings: ServerSettings) -> str:
    """Return the text of the systemd unit.

    Args:
        name: The project's name, which is the unit's.
        tag: The project's version.
        python: The version of Python it was built for, such as 3.13.
        settings: What the server runs by.
    """
    timing: Timing = settings.timing
    privileged = any(0 < port < _FREE_PORTS for port in settings.front.ports)
    return _UNIT.format(
        capability="CAP_NET_BIND_SERVICE" if privileged else "",
        # In a user namespace of its own the capability would not reach the host's ports.
        private="no" if privileged else "yes",
        version=ferryman_version(),
        name=name,
        tag=tag,
        python=python,
        timeout=timing.termination_grace + _MARGIN,
        sum=f"drain_delay {timing.drain_delay:g}, graceful_timeout {timing.graceful_timeout:g}, "
        "the cleanup, and a margin.",
    )
