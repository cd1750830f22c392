"""The managed Python runtimes of AWS Lambda, and the wheels that fit them.

Source: "Lambda runtimes" in the AWS Lambda developer guide. Amazon Linux 2 has glibc
2.26 and Amazon Linux 2023 has 2.34; a wheel's manylinux tag names the glibc it needs.
"""

from __future__ import annotations

import platform
import sys

from ferryman.building.dependencies import Platform
from ferryman.core.errors import ConfigError

__all__ = ("PROVIDED", "is_this_machine", "managed_platform")

PROVIDED = {
    "awslambdaric": ("awslambdaric", "simplejson", "snapshot-restore-py"),
    "boto3": (
        *("boto3", "botocore", "jmespath", "python-dateutil", "s3transfer", "six", "urllib3"),
    ),
}
"""Packages in every managed runtime, each with all its dependencies."""

_MANYLINUX = {
    "3.11": "manylinux2014",
    "3.12": "manylinux_2_28",
    "3.13": "manylinux_2_28",
    "3.14": "manylinux_2_28",
}
_MACHINE = {"arm64": "aarch64", "x86_64": "x86_64"}


def managed_platform(python: str, architecture: str) -> Platform:
    """Return the platform that wheels must fit to run on a managed runtime.

    Args:
        python: The Python version, as major.minor.
        architecture: `arm64` or `x86_64`.

    Raises:
        ConfigError: Lambda has no such runtime.
    """
    if python not in _MANYLINUX:
        raise ConfigError(
            f"AWS Lambda has no runtime for Python {python} that ferryman supports",
            cause=f"it supports {', '.join(_MANYLINUX)}",
            hint="set python in [tool.ferryman] of pyproject.toml, or pass --python",
        )
    return Platform(python=python, wheels=f"{_MACHINE[architecture]}-{_MANYLINUX[python]}")


def is_this_machine(architecture: str) -> bool:
    """Return whether wheels of an architecture run here: Linux, glibc, the same processor."""
    glibc = sys.platform == "linux" and platform.libc_ver()[0] == "glibc"
    return glibc and platform.machine() == _MACHINE[architecture]
