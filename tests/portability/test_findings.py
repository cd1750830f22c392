"""Each rule finds what its example has, at its line, and nothing in the mended one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.portability.surveying import EXAMPLES, check, copied, found_in, planted_in

from ferryman.portability.rule_catalog import RULES

SETTINGS: dict[str, dict[str, Any]] = {"M601": {"portability__database_connections": 100}}


def test_every_rule_has_an_example() -> None:
    assert sorted(path.name for path in EXAMPLES.iterdir()) == sorted(RULES)


@pytest.mark.parametrize("code", RULES)
def test_what_is_found_is_at_its_line(code: str, tmp_path: Path) -> None:
    root = copied(EXAMPLES / code, tmp_path)
    planted = planted_in(root)
    assert {planted_code for planted_code, _ in planted} == {code}
    found = check(root, "found:create_app", **SETTINGS.get(code, {}))
    assert found_in(found) == planted


@pytest.mark.parametrize("code", RULES)
def test_the_mended_app_has_nothing(code: str, tmp_path: Path) -> None:
    root = copied(EXAMPLES / code, tmp_path)
    found = check(root, "mended:create_app", **SETTINGS.get(code, {}))
    assert found.findings == ()
