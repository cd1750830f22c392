"""Builds an image from a Dockerfile with a container tool, and pushes it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from ferryman.core.errors import BuildError, ConfigError

__all__ = ("build_with", "find_tool")

# The command that checks each tool: docker's command does nothing without its daemon.
_CHECKS = {
    "docker": ("docker", "version"),
    "podman": ("podman", "info"),
    "buildah": ("buildah", "info"),
}


def find_tool(asked: str) -> str:
    """Return the name of the tool to use.

    Args:
        asked: The name of a tool, or `auto` for the first that works.

    Raises:
        ConfigError: The tool is missing, or does not work.
    """
    names = tuple(_CHECKS) if asked == "auto" else (asked,)
    reasons = {name: _trouble(name) for name in names}
    for name, reason in reasons.items():
        if reason is None:
            return name
    raise ConfigError(
        "no container tool can be used" if asked == "auto" else f"{asked} cannot be used",
        cause="; ".join(f"{name}: {reason}" for name, reason in reasons.items()),
        hint="leave --with out: ferryman writes the image itself",
    )


def build_with(
    tool: str,
    context: Path,
    names: Sequence[str],
    *,
    architecture: str = "",
    push: str = "",
    progress: Callable[[str], None],
) -> str:
    """Build an image from a Dockerfile, and return its identifier.

    Args:
        tool: docker, podman or buildah.
        context: The directory that holds the Dockerfile.
        names: The image's names.
        architecture: Go's name of the processor, such as `arm64`; by default this machine's.
        push: Where to push it, `REGISTRY/NAME:TAG`; empty for no push.
        progress: Called with each step.

    Raises:
        BuildError: The tool failed.
    """
    identifier = context / ".image"
    tags = [part for name in (*names, *filter(None, (push,))) for part in ("--tag", name)]
    platform = ("--platform", f"linux/{architecture}") if architecture else ()
    progress(f"building with {tool}")
    try:
        _run([tool, "build", *tags, *platform, "--iidfile", str(identifier), str(context)])
        built = identifier.read_text(encoding="utf-8").strip()
    finally:
        identifier.unlink(missing_ok=True)
    if push:
        progress(f"pushing {push}")
        _run([tool, "push", push])
    return built if built.startswith("sha256:") else f"sha256:{built}"


def _trouble(tool: str) -> str | None:
    """Return why a tool cannot be used, or None if it can."""
    if shutil.which(tool) is None:
        return "it is not installed"
    done = subprocess.run(_CHECKS[tool], capture_output=True, text=True, check=False)
    return None if done.returncode == 0 else _last_line(done.stderr)


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        raise BuildError(
            f"{' '.join(command[:2])} failed",
            cause=_reason(done.stderr + done.stdout),
            hint="leave --with out: ferryman writes the image itself",
        )


def _reason(output: str) -> str:
    """Return the lines of a tool's output that report errors or end a traceback."""
    lines = [line.strip() for line in output.splitlines()]
    errors = [line for line in lines if re.match(r"(\w*error|\w+Error)\b", line, re.IGNORECASE)]
    return "; ".join(dict.fromkeys(errors))[:1000] or _last_line(output)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["it gave no reason"])[-1]
