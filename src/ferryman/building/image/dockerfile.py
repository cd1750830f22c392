"""Writes the Dockerfile of an image, for container tools.

Every command runs without a shell, so that the base needs none.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ferryman.core.serving import USER_ID
from ferryman.records.version import ferryman_version

__all__ = ("Dockerfile", "render_dockerfile")

_TEMPLATE = """\
# syntax=docker/dockerfile:1
# Written by ferryman {version} for {name}. Build it in this directory:
#   docker build -t {name}:{tag} .
{unpinned}
FROM {base} AS files
USER 0:0
COPY requirements.txt /requirements.txt
{wheels}RUN --mount=type=cache,target=/root/.cache/pip {install}
COPY app /app
RUN {compile}

FROM {base}
{labels}
COPY --from=files /packages /packages
COPY --from=files /app/ferryman /app/ferryman
COPY --from=files /app /app
ENV PYTHONPATH=/app:/packages PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /app
USER {user}:{user}
{runs}
"""

_UNPINNED = "# The base is named without its digest: its registry could not be asked for one.\n"

_INSTALL = (
    *("python", "-m", "pip", "install", "--disable-pip-version-check", "--no-compile"),
    *("--root-user-action=ignore", "--require-hashes", "--only-binary=:all:"),
    *("--target=/packages", "-r", "/requirements.txt"),
)

# Unchecked, so that imports do not look at sources; a file that is not valid Python,
# as a template may be, stops nothing.
_COMPILE = (
    "import compileall as c, py_compile as p; m = p.PycInvalidationMode.UNCHECKED_HASH; "
    "[c.compile_dir(d, quiet=2, invalidation_mode=m) for d in ('/packages', '/app')]"
)


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """The variable parts of a Dockerfile.

    Attributes:
        name: The project's name.
        tag: The project's version.
        base: The image to build on, with its digest if known.
        module: The module that starts the app.
        arguments: Its arguments, unless the command that starts the image gives others.
        ports: The TCP ports that it listens to.
        health: The command of the health check; empty for none.
        labels: The image's labels.
        wheels: Whether local wheels lie beside the file.
    """

    name: str
    tag: str
    base: str
    module: str
    arguments: Sequence[str] = ()
    ports: Sequence[int] = ()
    health: Sequence[str] = ()
    labels: Mapping[str, str] | None = None
    wheels: bool = False


def render_dockerfile(file: Dockerfile) -> str:
    """Return the text of a Dockerfile."""
    return _TEMPLATE.format(
        version=ferryman_version(),
        name=file.name,
        tag=file.tag,
        unpinned="" if "@" in file.base else _UNPINNED,
        base=file.base,
        wheels="COPY wheels /wheels\n" if file.wheels else "",
        install=json.dumps((*_INSTALL, "--find-links=/wheels") if file.wheels else _INSTALL),
        compile=json.dumps(("python", "-c", _COMPILE)),
        labels="\n".join(f"LABEL {k}={json.dumps(v)}" for k, v in (file.labels or {}).items()),
        user=USER_ID,
        runs="\n".join(_runs(file)),
    )


def _runs(file: Dockerfile) -> list[str]:
    lines = [f"EXPOSE {' '.join(map(str, file.ports))}"] if file.ports else []
    if file.health:
        lines += [
            "HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \\",
            f"    CMD {json.dumps(file.health)}",
        ]
    lines += ["STOPSIGNAL SIGTERM", f"ENTRYPOINT {json.dumps(['python', '-m', file.module])}"]
    if file.arguments:
        lines.append(f"CMD {json.dumps(file.arguments)}")
    return lines
