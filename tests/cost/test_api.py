"""The names that the room offers to Python."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest
from scripts.reference.cost_api import cost_api_page
from tests.unmeasured import unmeasured

import ferryman.cost


@pytest.mark.parametrize("name", ferryman.cost.__all__)
def test_every_name_is_there_and_on_the_page(name: str) -> None:
    thing = getattr(ferryman.cost, name)
    assert f"### {name}\n" in cost_api_page()
    if isinstance(thing, type):
        assert dataclasses.is_dataclass(thing)
        assert thing.__dataclass_params__.frozen  # type: ignore[attr-defined]
    else:
        assert callable(thing)


def test_what_few_questions_need_is_loaded_when_it_is_used() -> None:
    code = (
        "import sys, ferryman.cost;"
        "late = {'ferryman.cost.uncertainty', 'ferryman.cost.memory', 'numpy', 'random'};"
        "sys.exit(bool(late & set(sys.modules)))"
    )
    asked = [sys.executable, "-c", code]
    assert subprocess.run(asked, env=unmeasured(), check=False).returncode == 0
