"""Images that were built, run by podman as strictly as an orchestrator would run them."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from ferryman.project.project import Project
from ferryman.project.resolution import resolve_project
from ferryman.targets.registry import installed_targets

# A machine in a machine may have no systemd, and lower limits than podman sets by itself.
_CONFIGURATION = """\
[containers]
default_ulimits = ["nofile=4096:4096", "nproc=4096:4096"]
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
"""

STRICT = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")


class Podman:
    """podman, configured for a machine in a machine.

    Args:
        place: A directory for its configuration.
    """

    def __init__(self, place: Path) -> None:
        configuration = place / "containers.conf"
        configuration.write_text(_CONFIGURATION, encoding="utf-8")
        self.environment: Mapping[str, str] = {
            **os.environ,
            "CONTAINERS_CONF": str(configuration),
        }

    def __call__(self, *arguments: str) -> str:
        """Run a command that has to succeed, and return what it prints."""
        program = shutil.which("podman")
        assert program, "there is no podman: run `make programs`"
        done = subprocess.run(
            [program, *arguments],
            capture_output=True,
            text=True,
            env=dict(self.environment),
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @contextmanager
    def loaded(self, layout: Path) -> Iterator[str]:
        """Yield the name of an image that lies in an OCI layout."""
        name = f"localhost/ferryman-tests/{uuid4().hex}:1.0.0"
        self("tag", self("pull", "--quiet", f"oci:{layout}"), name)
        try:
            yield name
        finally:
            self("rmi", "--force", name)

    @contextmanager
    def running(
        self, image: str, *arguments: str, options: Sequence[str] = (), strict: bool = True
    ) -> Iterator[str]:
        """Yield the name of a container, removed with all it did at the end."""
        name = f"ferryman-{uuid4().hex[:12]}"
        held = STRICT if strict else ()
        self("run", "--detach", "--name", name, *held, *options, image, *arguments)
        try:
            yield name
        finally:
            self("rm", "--force", "--time", "0", name)


def built_once(project: Project, target: str, factory: pytest.TempPathFactory) -> Path:
    """Return the OCI layout of a project's image, built once for all processes of a session."""
    shared = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    out = shared / "images" / target
    out.parent.mkdir(exist_ok=True)
    with (shared / f"images-{target}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not out.exists():
            installed_targets()[target].build(project, out, lambda _: None)
    return out / "image"


def image_project(root: Path, **flags: object) -> Project:
    """Return a project, set to build images for this machine with these settings.

    Args:
        root: The project's directory.
        flags: Settings by their keys, two underscores for the dot.
    """
    from ferryman.local.emulator import host_architecture, host_python
    from ferryman.portability.options import PortabilityOptions

    models = {name: target.options for name, target in installed_targets().items()}
    chosen = {name.replace("__", "."): value for name, value in flags.items()}
    return resolve_project(
        root,
        {**models, "portability": PortabilityOptions},
        flags={
            "python": host_python(),
            "lambda.architecture": host_architecture(),
            "lambda.image.build": True,
            "server.image.build": True,
            **chosen,
        },
    )
