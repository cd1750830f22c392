"""Refuses compiled files of the app that the platform of an artifact could not load."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ferryman.building.app_files import SourceFile
from ferryman.building.image.elf import read_linkage
from ferryman.core.errors import ConfigError

__all__ = ("check_native_files", "native_machine")

_COMPILED = (".so", ".pyd", ".dylib", ".dll")

# "Extension modules", PEP 3149: the version, and a letter for the kind of build, such as t.
_TAG = re.compile(r"\.cpython-3(\d+)([a-z]*)-[\w-]+\.so$")

_NAMES = {"aarch64": "arm64"}


def check_native_files(files: Iterable[SourceFile], python: str, machine: str = "") -> None:
    """Refuse compiled files that are not for the platform.

    Args:
        files: The files that ship and do not come from a wheel for the platform.
        python: The Python of the platform, as major.minor.
        machine: Its processor, such as `aarch64`; empty if not known yet.

    Raises:
        ConfigError: A compiled file is for another platform.
    """
    for file in files:
        if file.path.suffix in _COMPILED and (reason := _misfit(file, python, machine)):
            processor = f" on {_NAMES.get(machine, machine)}" if machine else ""
            raise ConfigError(
                f"{file.place} cannot be loaded by Python {python}{processor}",
                cause=reason,
                hint="build it for that platform as a wheel, and depend on the wheel; leave it "
                "out by exclude in [tool.ferryman]; or build for the platform that it is for",
            )


def native_machine(files: Iterable[SourceFile]) -> str:
    """Return the processor of compiled files, such as `arm64`; empty if there are none."""
    linkages = (read_linkage(file.path) for file in files if file.path.suffix in _COMPILED)
    return next((_NAMES.get(one.machine, one.machine) for one in linkages if one), "")


def _misfit(file: SourceFile, python: str, machine: str) -> str | None:
    """Return why a file cannot be loaded, in words."""
    linkage = read_linkage(file.path)
    if linkage is None:
        return "it is for another system than Linux" if file.path.stat().st_size else None
    tag = _TAG.search(file.place)
    if tag and f"3.{tag[1]}" != python:
        return f"it was compiled for Python 3.{tag[1]}"
    if tag and tag[2]:
        return f"it was compiled for another build of Python, 3.{tag[1]}{tag[2]}"
    if machine and linkage.machine != machine:
        return f"it was compiled for {_NAMES.get(linkage.machine, linkage.machine)}"
    return None
