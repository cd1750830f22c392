"""Builds a kustomization of the user's by the tool that is installed: kubectl, or kustomize."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from ferryman.core.errors import ConfigError

__all__ = ("KUSTOMIZATIONS", "kustomized")

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
"""The names by which the tools find a kustomization in a directory."""

_TOOLS = (("kubectl", "kustomize"), ("kustomize", "build"))
_SECONDS = 120


def kustomized(root: Path, name: str, origin: str) -> tuple[bytes, str]:
    """Return what a kustomization makes, and what to call that in errors.

    Args:
        root: The project's directory.
        name: The directory with the kustomization, relative to it.
        origin: Where it was set, for the error.

    Raises:
        ConfigError: No tool is installed, or it refuses the kustomization.
    """
    tool = next((tool for tool in _TOOLS if shutil.which(tool[0])), None)
    if tool is None:
        raise ConfigError(
            f"{origin}: {name} is a kustomization, and nothing is installed that builds one",
            hint="install kubectl or kustomize, or name the files of the objects",
        )
    words = (*tool, name)
    try:
        ended = subprocess.run(words, cwd=root, capture_output=True, check=False, timeout=_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ConfigError(f"{origin}: `{' '.join(words)}` failed", cause=str(error)) from None
    if ended.returncode:
        cause = ended.stderr.decode(errors="replace").strip()[-2000:]
        raise ConfigError(f"{origin}: `{' '.join(words)}` failed", cause=cause)
    return ended.stdout, f"the output of `{' '.join(words)}`"
