"""A compiled file of the app's own that the platform cannot load is refused."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest

from ferryman.building.app_files import SourceFile
from ferryman.building.native_files import check_native_files, native_machine
from ferryman.core.errors import ConfigError

X86_64, AARCH64 = 62, 183


def library(directory: Path, name: str, machine: int = X86_64) -> SourceFile:
    """Write the header of a shared library."""
    path = directory / name
    header = b"\x7fELF\x02\x01\x01" + bytes(9)
    header += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 64, 0, 0, 64, 56, 0, 64, 0, 0)
    path.write_bytes(header)
    return SourceFile(path, f"geo/{name}")


FITS = ["_fast.so", "_fast.abi3.so", "_fast.cpython-313-x86_64-linux-gnu.so", "libgeo.so"]


@pytest.mark.parametrize("name", FITS)
def test_what_the_platform_loads_ships(name: str, tmp_path: Path) -> None:
    check_native_files([library(tmp_path, name)], "3.13", "x86_64")


MISFITS = {
    "another Python": ("_fast.cpython-311-x86_64-linux-gnu.so", X86_64, "for Python 3.11"),
    "without the lock": ("_fast.cpython-313t-x86_64-linux-gnu.so", X86_64, "another build"),
    "another processor": ("_fast.abi3.so", AARCH64, "compiled for arm64"),
}


@pytest.mark.parametrize(("name", "machine", "reason"), MISFITS.values(), ids=MISFITS.keys())
def test_what_it_cannot_load_is_refused(
    name: str, machine: int, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match=r"geo/_fast\S+ cannot be loaded by Python 3.13") as told:
        check_native_files([library(tmp_path, name, machine)], "3.13", "x86_64")
    assert reason in (told.value.cause or "")


@pytest.mark.parametrize("name", ["_fast.cpython-313-darwin.so", "_fast.pyd", "libgeo.dylib"])
def test_what_is_for_another_system_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(b"\xcf\xfa\xed\xfe" + bytes(60))
    with pytest.raises(ConfigError, match=r"cannot be loaded by Python 3\.13") as told:
        check_native_files([SourceFile(path, name)], "3.13")
    assert told.value.cause == "it is for another system than Linux"


def test_where_the_processor_is_not_known_the_python_counts(tmp_path: Path) -> None:
    arm = library(tmp_path, "_fast.cpython-313-aarch64-linux-gnu.so", AARCH64)
    check_native_files([arm], "3.13")
    with pytest.raises(ConfigError, match=r"by Python 3\.12"):
        check_native_files([arm], "3.12")


def test_the_processor_that_compiled_files_are_for_is_known(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    plain = SourceFile(tmp_path / "a.py", "a.py")
    assert native_machine([plain]) == ""
    assert native_machine([plain, library(tmp_path, "_fast.so", AARCH64)]) == "arm64"
