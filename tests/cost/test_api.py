"""The names that the room offers to Python."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

import ferryman.cost
from ferryman.cost import api_page


@pytest.mark.parametrize("name", ferryman.cost.__all__)
def test_every_name_is_there_and_on_the_page(name: str) -> None:
    thing = getattr(ferryman.cost, name)
    assert f"### {name}\n" in api_page.render()
    if isinstance(thing, type):
        assert dataclasses.is_dataclass(thing)
        assert thing.__dataclass_params__.frozen  # type: ignore[attr-defined]
    else:
        assert callable(thing)


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = ferryman.cost.nothing


def test_what_few_questions_need_is_loaded_when_it_is_used() -> None:
    code = (
        "import sys, ferryman.cost;"
        "late = {'ferryman.cost.uncertainty', 'ferryman.cost.growth', 'random', 'hashlib'};"
        "sys.exit(bool(late & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
