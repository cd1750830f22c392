"""A line of a requirements file is kept or refused, and never dropped without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferryman.core.build.requirements_file import parse_requirements, read_requirements_file
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
        ("--only-binary :all:\n--prefer-binary\nsix", ["six"]),
    ],
)
def test_what_a_build_can_keep_is_kept(tmp_path: Path, text: str, kept: list[str]) -> None:
    assert list(read(tmp_path, text)) == kept


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("six\n\n# one more\nidna==", ":4: 'idna==' is no requirement"),
        ("six \\\n\nidna==", ":3: 'idna==' is no requirement"),
        ("six idna", ":1: 'six idna' is no requirement"),
        ("six --config-settings a=b", "is no requirement"),
        ("./local", ":1: './local' is no requirement"),
        ("../local/x.whl", "is no requirement"),
        ("/tmp/x-1-py3-none-any.whl", "is no requirement"),
        ("https://h/x-1-py3-none-any.whl", "is no requirement"),
        ("git+https://h/x", "is no requirement"),
        ('"six"', "is no requirement"),
        ("six\n-e .", ":2: a directory of sources cannot be installed"),
        ("--editable=./local", ":1: a directory of sources cannot be installed"),
        ("--pre", ":1: a build cannot keep the option --pre"),
        ("--require-hashes", "cannot keep the option --require-hashes"),
        ("--no-binary :all:", "cannot keep the option --no-binary"),
        ("--trusted-host h", "cannot keep the option --trusted-host"),
        ("-r nowhere.txt", "nowhere.txt cannot be read"),
        ("-r .", "cannot be read"),
        (b"\xff\xfe", "requirements.txt cannot be read"),
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
    with pytest.raises(ConfigError, match=r"base\.txt:2: 'idna==' is no requirement"):
        read(tmp_path, "-r base.txt")


def test_files_that_include_each_other_are_refused(tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text("-r ./sub/../requirements.txt")
    (tmp_path / "sub").mkdir()
    with pytest.raises(ConfigError, match=r"base\.txt:1: the file includes itself"):
        read(tmp_path, "-r base.txt")


def test_a_file_may_be_included_twice(tmp_path: Path) -> None:
    (tmp_path / "base.txt").write_text("six")
    assert read(tmp_path, "-r base.txt\n-r base.txt") == ("six", "six")


def test_what_another_tool_wrote_is_named_by_its_origin() -> None:
    assert parse_requirements("six==1 \\\n  --hash=sha256:aa\n", "uv.lock") == (
        "six==1    --hash=sha256:aa",
    )
    with pytest.raises(ConfigError, match=r"^uv\.lock: a directory of sources cannot"):
        parse_requirements("-e ./local", "uv.lock")
