"""`--env-file`: what people write into one, and what no environment file is."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferryman.core.errors import ConfigError
from ferryman.local.reload.watching import read_env_file


def test_it_is_read_as_other_tools_read_it(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        "# for development\nexport GREETING='good day'\nPORT=8000 # free here\n"
        'MESSAGE="two\\nlines"\n\nEMPTY=\nURL=postgres://u:p@h/db?a=b#c\n'
    )
    assert read_env_file(file) == {
        "GREETING": "good day",
        "PORT": "8000",
        "MESSAGE": "two\nlines",
        "EMPTY": "",
        "URL": "postgres://u:p@h/db?a=b#c",
    }


@pytest.mark.parametrize(
    ("text", "line"), [("nonsense\n", 1), ("A=1\n\n\nnonsense\n", 4), ("A=1\n='x'\n", 2)]
)
def test_the_line_that_is_not_one_is_named(tmp_path: Path, text: str, line: int) -> None:
    file = tmp_path / ".env"
    file.write_text(text)
    with pytest.raises(ConfigError, match=rf"\.env: line {line} is not NAME=value"):
        read_env_file(file)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_env_file(tmp_path / "none.env")
