"""The reference page says what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from ferryman import cache
from ferryman.cache.dynamodb_refusals import ACTIONS
from ferryman.cache.urls import SCHEMES

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "cache.md").read_text("utf-8")


def test_every_name_scheme_option_and_limit_is_on_the_page() -> None:
    for name in cache.__all__:
        assert re.search(rf"\b{name}\b", PAGE), name
        assert getattr(cache, name) is not None
    for scheme, (_, options) in SCHEMES.items():
        assert f"`{scheme}://" in PAGE
        assert all(f"| `{option}` |" in PAGE for option in options)
    for limit in (cache.KEY_LIMIT, cache.VALUE_LIMIT, cache.TTL_LIMIT):
        assert str(limit) in PAGE
    assert all(action in PAGE for action in ACTIONS)


def test_every_method_is_in_the_table() -> None:
    methods = {name for name in vars(cache.Cache) if not name.startswith("_")} - {"close"}
    told = set(re.findall(r"^\| `(\w+)(?:\(.*\))?` \|", PAGE, re.MULTILINE))
    assert methods <= told
