"""A line of a requirements file is kept or refused, and never dropped without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferryman.building.requirements_file import parse_requirements, read_requirements_file
from ferryman.core.errors import ConfigError


def read(root: Path, content: str | bytes) -> tuple[str, ...]:
    path = root / "requirements.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_requirements_file(path)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", []),
        ("idna\nsix==1.17.0\n", ["idna", "six==1.17.0"]),
        ("# all of it\n\n  idna  # a part\n", ["idna"]),
        ("\ufeffidna\r\nsix\r\n", ["idna", "six"]),
        ("idna[extra]>=3,<4", ["idna[extra]>=3,<4"]),
        ('six ; python_version < "3.12"', ['six ; python_version < "3.12"']),
        (
            "idna @ https://h/idna-3-py3-none-any.whl#a",
            ["idna @ https://h/idna-3-py3-none-any.whl#a"],
        ),
        (
            "idna==3 --hash=sha256:aa --hash=sha256:bb",
            ["idna==3 --hash=sha256:aa --hash=sha256:bb"],
        ),
        ("idna==3 \\\n --hash=sha256:aa\nsix", ["idna==3   --hash=sha256:aa", "six"]),
        ("six \\", ["six"]),
        ("--index-url https://h/simple\nsix", ["--index-url https://h/simple", "six"]),
        ("-i https://h/simple", ["-i https://h/simple"]),
        ("--extra-index-url=https://h", ["--extra-index-url=https://h"]),
        ("--no-index", ["--no-index"]),
        ("-f https://h/wheels", ["--find-links https://h/wheels"]),
        ("--only-binary six\n--prefer-binary\n--require-hashes\nsix", ["six"]),
        ("--only-binary :all:", ["--only-binary :all:"]),
        ("--pre", ["--prerelease allow"]),
        ("--trusted-host h", ["--allow-insecure-host h"]),
        ("git+https://h/x@v1#egg=x", ["x @ git+https://h/x@v1"]),
        ("-e git+https://h/x#egg=x&subdirectory=s", ["x @ git+https://h/x#subdirectory=s"]),
        ("https://h/the_x-1-py3-none-any.whl", ["the-x @ https://h/the_x-1-py3-none-any.whl"]),
        ("https://h/x-1.tar.gz?key=k", ["x @ https://h/x-1.tar.gz?key=k"]),
        ("\ufeffsix".encode("utf-16-le"), ["six"]),
        ("\ufeffsix\r\nidna".encode("utf-16-be"), ["six", "idna"]),
        (b"# caf\xe9\nsix", ["six"]),
        (b"# -*- coding: latin-1 -*-\n# caf\xe9\nsix", ["six"]),
    ],
)
def test_what_a_build_can_keep_is_kept(tmp_path: Path, text: str | bytes, kept: list[str]) -> None:
    assert list(read(tmp_path, text)) == kept


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("six\n\n# one more\nidna==", ":4: 'idna==' is not a requirement"),
        ("six \\\n\nidna==", ":3: 'idna==' is not a requirement"),
        ("six idna", ":1: 'six idna' is not a requirement"),
        ("six --config-settings a=b", "is not a requirement"),
        ("./local", ":1: there is no directory"),
        ("../local/x.whl", ":1: ../local/x.whl is not a wheel"),
        ("https://me:secret@h/x", ":1: https://h/x does not say which package it is"),
        ("six\n-e git+https://h/x", ":2: git+https://h/x does not say which package"),
        (b"\xff\xfes", "requirements.txt cannot be read"),
        (b"# coding: nonsense\nsix", "requirements.txt cannot be read"),
        ('"six"', "is not a requirement"),
        ("--editable=./local", ":1: there is no directory"),
        ("x @ file:///nowhere/x", ":1: there is no directory /nowhere/x"),
        ("--no-binary :all:", "cannot keep the option --no-binary"),
        ("-r nowhere.txt", "nowhere.txt cannot be read"),
        ("-r .", "cannot be read"),
        ("-r requirements.txt", ":1: the file includes itself"),
    ],
)
def test_what_it_cannot_keep_is_refused_with_its_line(
    tmp_path: Path, text: str | bytes, message: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, text)
    assert str(tmp_path) in caught.value.message
    assert message in caught.value.message


@pytest.mark.parametrize("option", ["-r ", "-r", "--requirement ", "--requirement="])
@pytest.mark.parametrize("quote", ["", '"'])
def test_included_files_are_read_from_where_they_lie(
    tmp_path: Path, option: str, quote: str
) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/base.txt").write_text("idna\n-r more.txt\n-c pins.txt\n--find-links wheels\n")
    (tmp_path / "sub/more.txt").write_text("six")
    kept = read(tmp_path, f"{option}{quote}sub/base.txt{quote}\ntoml")
    sub = tmp_path / "sub"
    assert kept == ("idna", "six", f"-c {sub}/pins.txt", f"--find-links {sub}/wheels", "toml")


def test_a_mistake_in_an_included_file_is_told_there(tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text("six\nidna==")
    with pytest.raises(ConfigError, match=r"base\.txt:2: 'idna==' is not a requirement"):
        read(tmp_path, "-r base.txt")


def test_files_that_include_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text("-r ./sub/../requirements.txt")
    (tmp_path / "sub").mkdir()
    with pytest.raises(ConfigError, match=r"base\.txt:1: the file includes itself"):
        read(tmp_path, "-r base.txt")


def test_a_file_may_be_included_twice(tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text("six")
    assert read(tmp_path, "-r base.txt\n-r base.txt") == ("six", "six")


def test_what_another_tool_wrote_is_named_by_its_origin(tmp_path: Path) -> None:
    assert parse_requirements("six==1 \\\n  --hash=sha256:aa\n", "uv.lock", tmp_path) == (
        "six==1    --hash=sha256:aa",
    )
    with pytest.raises(ConfigError, match=r"^uv\.lock: there is no directory"):
        parse_requirements("-e ./local", "uv.lock", tmp_path)


@pytest.mark.parametrize(
    "line",
    [
        "./li b",
        "-e ./li b",
        "--editable=li b",
        "file:{root}/li%20b",
        "-e file://{root}/li%20b",
        "oar @ file://{root}/li%20b",
        './li b ; python_version > "3"',
    ],
)
def test_a_directory_of_sources_is_one_line_however_it_is_written(
    tmp_path: Path, line: str
) -> None:
    (tmp_path / "li b").mkdir()
    assert read(tmp_path, line.format(root=tmp_path)) == (f"-e {tmp_path}/li b",)


@pytest.mark.parametrize("line", ["./lib[fast,slow]", "oar[slow,fast] @ file://{root}/lib"])
def test_a_directory_keeps_its_extras(tmp_path: Path, line: str) -> None:
    (tmp_path / "lib").mkdir()
    assert read(tmp_path, line.format(root=tmp_path)) == (f"-e {tmp_path}/lib[fast,slow]",)


def test_a_path_of_a_wheel_is_its_name_and_its_address(tmp_path: Path) -> None:
    kept = read(tmp_path, "./wheels/the_oar-1-py3-none-any.whl --hash=sha256:aa")
    assert kept == (
        f"the-oar @ file://{tmp_path}/wheels/the_oar-1-py3-none-any.whl --hash=sha256:aa",
    )


def test_an_archive_of_sources_is_a_line_as_a_directory_is(tmp_path: Path) -> None:
    (tmp_path / "oar-1.tar.gz").touch()
    assert read(tmp_path, "./oar-1.tar.gz") == (f"-e {tmp_path}/oar-1.tar.gz",)
