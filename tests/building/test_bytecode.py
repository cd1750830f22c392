"""Bytecode that needs no source, for an interpreter of the right minor version."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ferryman.building.bytecode import (
    Compilation,
    Interpreter,
    cached_place,
    compile_files,
    find_interpreter,
)
from ferryman.core.errors import BuildError

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def python() -> Interpreter:
    found = find_interpreter(HERE)
    assert found
    return found


def test_this_interpreter_is_the_one_for_its_own_version(python: Interpreter) -> None:
    assert (python.path, python.tag) == (sys.executable, sys.implementation.cache_tag)


def test_a_version_that_is_not_here_is_not_found() -> None:
    assert find_interpreter("3.99") is None


def test_a_program_of_that_name_that_is_something_else_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shim = tmp_path / "python3.98"
    shim.write_text("#!/bin/sh\necho cpython-397 3.97.0\n")
    shim.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_interpreter("3.98") is None
    shim.write_text("#!/bin/sh\necho cpython-398 3.98.1\n")
    assert find_interpreter("3.98") == Interpreter(str(shim), "cpython-398", "3.98.1")


def test_bytecode_runs_without_its_source_and_names_its_place(
    tmp_path: Path, python: Interpreter
) -> None:
    source = tmp_path / "oar.py"
    source.write_text("def row():\n    raise ValueError('stuck')\n")
    invalid = compile_files(python, [Compilation(source, tmp_path / "oar.pyc", "/var/task/oar.py")])
    source.unlink()
    assert invalid == frozenset()
    done = subprocess.run(
        [sys.executable, "-c", "import oar; oar.row()"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert 'File "/var/task/oar.py", line 2, in row' in done.stderr


def test_bytecode_beside_a_source_is_used_though_the_source_is_newer(
    tmp_path: Path, python: Interpreter
) -> None:
    source = tmp_path / "oar.py"
    source.write_text("print('compiled')")
    target = tmp_path / cached_place("oar.py", python.tag)
    compile_files(python, [Compilation(source, target, "oar.py")])
    source.write_text("print('not looked at')")
    done = subprocess.run(
        [sys.executable, "-B", "-c", "import oar"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout == "compiled\n"


def test_what_is_not_python_is_named_and_the_rest_compiled(
    tmp_path: Path, python: Interpreter
) -> None:
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text("a = {'x', 'y', 'z'}\n")
    bad.write_text("print 'two'\n")
    jobs = [Compilation(path, path.with_suffix(".pyc"), path.name) for path in (bad, good)]
    assert compile_files(python, jobs) == {bad}
    assert good.with_suffix(".pyc").is_file()
    assert not bad.with_suffix(".pyc").exists()


def test_an_interpreter_that_cannot_write_is_told(tmp_path: Path, python: Interpreter) -> None:
    source = tmp_path / "oar.py"
    source.write_text("")
    (tmp_path / "file").write_text("")
    with pytest.raises(BuildError, match="could not compile"):
        compile_files(python, [Compilation(source, tmp_path / "file" / "oar.pyc", "oar.py")])
