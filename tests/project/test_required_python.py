"""The Python that is built for is one that the project says it runs on."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferryman.core.errors import ConfigError
from ferryman.project.required_python import check_required_python
from ferryman.project.resolution import resolve_project


def check(root: Path, bound: str, python: str) -> None:
    (root / "pyproject.toml").write_text(f'[project]\nname = "oar"\nrequires-python = "{bound}"\n')
    check_required_python(resolve_project(root, {}, flags={"python": python}))


@pytest.mark.parametrize("bound", [">=3.11", ">=3.13.4,<4", "==3.13.*", "~=3.13.2", "!=3.13.0"])
def test_a_version_with_a_release_that_fits_will_do(bound: str, tmp_path: Path) -> None:
    check(tmp_path, bound, "3.13")


@pytest.mark.parametrize("bound", [">=3.14", "<3.13", "==3.12.*", "!=3.13.*"])
def test_another_is_told_with_both_places(bound: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"built for Python 3\.13, and needs") as told:
        check(tmp_path, bound, "3.13")
    assert told.value.cause == (
        "flag python says the one, pyproject.toml [project] requires-python the other"
    )


def test_a_bound_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="requires-python is not valid"):
        check(tmp_path, "three", "3.13")


def test_without_a_bound_any_will_do(tmp_path: Path) -> None:
    check_required_python(resolve_project(tmp_path, {}, flags={"python": "3.11"}))
