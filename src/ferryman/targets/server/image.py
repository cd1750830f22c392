"""The server's image: its contents besides the app, its start and its health check.

ferryman writes the image itself, or writes a Dockerfile for a container tool.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ferryman.building.artifact import Artifact
from ferryman.building.dependencies import AIOHTTP
from ferryman.building.image import dockerfile_context as context
from ferryman.building.image.plan import ImagePlan
from ferryman.building.image.root import PROGRAM
from ferryman.building.image.writing import choose_interpreters, write_image
from ferryman.project.project import Project
from ferryman.records.progress import Progress
from ferryman.targets.server.options import ServerOptions, deployed
from ferryman.targets.server.runtime.options import ServerSettings

__all__ = ("MODULE", "build_context", "build_image", "plan_image", "server_requirements")

MODULE = "ferryman.targets.server.runtime"
"""The module that starts the server."""


def build_image(project: Project, out: Path, progress: Progress) -> Artifact:
    """Write the server's image into the directory `out`, completely or not at all.

    Raises:
        AppError: The app's module or attribute does not exist.
        ConfigError: A setting is wrong, or there is no interpreter or no wheel that fits.
        BuildError: Something could not be fetched, compiled, written or pushed.
    """
    plan = plan_image(project)
    interpreters = choose_interpreters(project, plan.options)
    return write_image(project, "server", plan, interpreters, out, progress)


def build_context(project: Project, out: Path, progress: Progress) -> Artifact:
    """Write a Dockerfile and its context into the directory `out`, completely or not at all.

    Raises:
        AppError: The app's module or attribute does not exist.
        ConfigError: A setting is wrong, or the requirements contradict each other.
        BuildError: The requirements could not be resolved, or the tool failed.
    """
    options = project.section("server", ServerOptions)
    base = options.base_image or context.default_base(project)
    plan = plan_image(project)
    artifact = context.build_context(project, "server", plan, base, out, progress)
    return replace(artifact, next=(("ferryman", "serve", "-t", "server"), *artifact.next))


def plan_image(project: Project, *, contained: bool = True) -> ImagePlan:
    """Return the plan of the server's image.

    Args:
        project: The project.
        contained: Whether it runs in a container.
    """
    options = project.section("server", ServerOptions)
    values = deployed(options, contained=contained)
    settings = ServerSettings.read(values)
    return ImagePlan(
        package="server",
        requirements=server_requirements(options),
        module=MODULE,
        settings=project.baked("server", values),
        options=options.image,
        ports=settings.front.ports,
        health=_health_command(settings, PROGRAM),
        programs=("gunicorn",),
    )


_GUNICORN = "gunicorn>=26.1,<28"
_TELEMETRY = ("opentelemetry-sdk>=1.40,<2", "opentelemetry-exporter-otlp-proto-http>=1.40,<2")


def server_requirements(options: ServerOptions) -> tuple[str, ...]:
    """Return the server's own requirements, as lines of a requirements file."""
    telemetry = _TELEMETRY if options.telemetry else ()
    return (AIOHTTP, _GUNICORN, *telemetry)


_HEALTH_CODE = (
    "import http.client as h; c = h.HTTPConnection({host!r}, {port}, timeout=4); "
    "c.request('GET', {path!r}); raise SystemExit(c.getresponse().status != 200)"
)

# The loopback address to ask, for each address that means all addresses.
_LOOPBACKS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104


def _health_command(settings: ServerSettings, program: str) -> tuple[str, ...]:
    """Return the health check's command; empty if the server has no health checks to ask.

    Args:
        settings: The server's settings.
        program: The interpreter that runs the check.
    """
    front = settings.front
    place = front.admin
    if place is None and front.health_on_app_port and not front.secure:
        place = front.app
    if place is None or place.port is None:
        return ()
    asked = _LOOPBACKS.get(place.host, place.host)
    code = _HEALTH_CODE.format(host=asked, port=place.port, path=settings.liveness_path)
    # -I and -S import only the standard library, for a fast start.
    return (program, "-I", "-S", "-c", code)
