"""Extension modules lose their symbols and nothing that a process maps."""

from __future__ import annotations

import platform
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import multidict
import pytest

from ferryman.building.stripping import Stripper, find_stripper, strip_extension


@pytest.fixture
def module(tmp_path: Path) -> Path:
    (built,) = Path(multidict.__file__).parent.glob("_multidict.cpython-*.so")
    return Path(shutil.copy(built, tmp_path))


@pytest.fixture
def stripper() -> Stripper:
    found = find_stripper(platform.machine())
    if found is None:
        pytest.skip("this machine has no strip")
    return found


def test_a_stripped_module_is_smaller_and_works(module: Path, stripper: Stripper) -> None:
    before = module.stat().st_size
    saved = strip_extension(module, stripper)
    assert saved > 0
    assert module.stat().st_size == before - saved
    code = "import _multidict; assert _multidict.MultiDict(a=1)['a'] == 1"
    subprocess.run([sys.executable, "-c", code], cwd=module.parent, check=True)
    assert strip_extension(module, stripper) == 0
    assert list(module.parent.iterdir()) == [module]


def test_it_is_the_same_bytes_each_time(module: Path, stripper: Stripper) -> None:
    other = Path(shutil.copy(module, module.with_name("other.so")))
    strip_extension(module, stripper)
    strip_extension(other, stripper)
    assert module.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(
    "content", [b"", b"\x7fELF\x02\x01", b"\x7fELF\x01\x01" + bytes(99), b"#!"]
)
def test_what_is_no_module_is_left_alone(
    tmp_path: Path, content: bytes, stripper: Stripper
) -> None:
    path = tmp_path / "a.so"
    path.write_bytes(content)
    assert strip_extension(path, stripper) == 0
    assert path.read_bytes() == content


SPOILER = """#!/bin/sh
# strip --strip-unneeded -o OUT IN
{command}
"""


@pytest.mark.parametrize(
    "command",
    [
        'head -c 100000 "$4" > "$3"',  # what is mapped is cut off
        'tr a b < "$4" | head -c 500000 > "$3"',  # and changed
        "exit 1",
    ],
)
def test_a_module_that_a_tool_spoils_is_left_as_it_was(
    module: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    tool = module.parent / "spoil"
    tool.write_text(SPOILER.format(command=command))
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
    before = module.read_bytes()
    assert strip_extension(module, Stripper(str(tool), "1")) == 0
    assert module.read_bytes() == before


def test_another_machines_strip_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "strip").write_text("#!/bin/sh\necho strip 1\n")
    (tmp_path / "strip").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/nowhere")
    other = "aarch64" if platform.machine() == "x86_64" else "x86_64"
    assert find_stripper(other) is None
    found = find_stripper(platform.machine())
    assert found is None or found.command == "strip"
