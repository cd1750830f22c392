"""The changelog: its fragments are well named, and its newest release is the package's version."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
FRAGMENTS = ROOT / "changelog.d"


def test_the_fragments_make_an_entry_of_the_next_release() -> None:
    draft = subprocess.run(
        [Path(sys.executable).with_name("towncrier"), "build", "--draft", "--version", "9.9.9"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert draft.returncode == 0, draft.stderr
    assert "## 9.9.9" in draft.stdout
    for fragment in FRAGMENTS.glob("*.*.md"):
        first_line = fragment.read_text(encoding="utf-8").strip().splitlines()[0]
        assert first_line in draft.stdout, fragment.name


def test_the_newest_release_is_the_version_of_the_package() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    newest = re.search(r"^## (\S+)", changelog, re.MULTILINE)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert newest
    assert newest[1] == project["version"]
