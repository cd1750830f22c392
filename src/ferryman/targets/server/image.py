"""Writes a Dockerfile and its context: the app, its pinned requirements, its settings.

Docker, buildah and podman build it; nothing here calls them. For a machine without them
a systemd unit takes the Dockerfile's place.
"""

from __future__ import annotations

from pathlib import Path

from ferryman.core.build.artifact import Artifact, describe, staged
from ferryman.core.build.dependencies import AIOHTTP, app_requirements, pin_requirements
from ferryman.core.build.project import Project
from ferryman.core.build.sources import app_files, copy_files, runtime_files
from ferryman.core.build.target import Progress
from ferryman.core.build.version import ferryman_version
from ferryman.core.serving import PORT, USER_ID
from ferryman.core.settings import SETTINGS_FILE
from ferryman.targets.server.options import ServerOptions, deployed
from ferryman.targets.server.runtime.options import ServerSettings
from ferryman.targets.server.systemd import unit

__all__ = ("build_context", "dockerfile")

_GUNICORN = "gunicorn>=26.1,<28"

_DOCKERFILE = """\
# syntax=docker/dockerfile:1
# Written by ferryman {version} for {name}. Build it in this directory:
#   docker build -t {name}:{tag} .

FROM {base} AS packages
COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes \\
    --only-binary=:all: --target=/packages -r requirements.txt

FROM {base}
COPY --from=packages /packages /packages
COPY app /app
ENV PYTHONPATH=/app:/packages PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER {user}:{user}
EXPOSE {port}
ENTRYPOINT ["python", "-m", "ferryman.targets.server.runtime"]
"""


def build_context(project: Project, out: Path, progress: Progress) -> Artifact:
    """Write a Dockerfile and what it copies into the directory `out`, whole or not at all.

    Raises:
        AppError: The app's module or attribute does not exist.
        ConfigError: A setting is wrong, or the requirements contradict each other.
        BuildError: The requirements could not be resolved.
    """
    options = project.section("server", ServerOptions)
    files = (*runtime_files("server"), *app_files(project))
    requirements = (AIOHTTP, _GUNICORN, *app_requirements(project))
    progress(f"pinning dependencies for Python {project.fields.python}")
    pinned = pin_requirements(requirements, project.fields.python, root=project.root)
    settings = project.baked("server", deployed(options, contained=not options.systemd))
    name, text = _starter(project, options)
    with staged(out) as stage:
        copy_files(files, stage / "app")
        (stage / "app" / SETTINGS_FILE).write_text(settings.to_json(), encoding="utf-8")
        (stage / "requirements.txt").write_text(pinned, encoding="utf-8")
        (stage / name).write_text(text, encoding="utf-8")
    return describe(
        target="server",
        name=project.fields.name,
        version=project.fields.version,
        path=out,
        start="python -m ferryman.targets.server.runtime",
    )


def _starter(project: Project, options: ServerOptions) -> tuple[str, str]:
    """Return the name and the text of the file that says how the server is started."""
    if not options.systemd:
        return "Dockerfile", dockerfile(project, options)
    fields = project.fields
    settings = ServerSettings.read(deployed(options, contained=False))
    return f"{fields.name}.service", unit(fields.name, fields.version, fields.python, settings)


def dockerfile(project: Project, options: ServerOptions) -> str:
    """Return the text of the Dockerfile."""
    return _DOCKERFILE.format(
        version=ferryman_version(),
        name=project.fields.name,
        tag=project.fields.version,
        base=options.base_image or f"python:{project.fields.python}-slim",
        user=USER_ID,
        port=PORT,
    )
