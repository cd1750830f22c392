"""Finds what packages want of their own files besides importing modules.

A package that lists a directory, reads its sources or imports its tests may miss what a slim one
leaves behind. Pure: it reads texts, and judges by what stands in them, so that it rather finds
too much than too little.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from ferryman.building.pruning import is_test

__all__ = ("find_self_reading",)

_SIGNS = (
    (rb"\b(?:listdir|scandir|iterdir|r?glob|iglob|os\.walk)\s*\(", "lists a directory"),
    (rb"""\.py[icxd]?["']""", "names files by their ending"),
    (rb"\b(?:getsource\w*|linecache|attach_stub|get_source)\b", "reads sources"),
    (rb"\b(?:packages_distributions|metadata\.files|\.files\()", "asks what a package holds"),
    (rb"^[ \t]*(?:from|import)[ \t]+[\w.]*\b(?:tests?|test_\w+)\b", "imports tests"),
    (rb"^[ \t]*from[ \t]+[\w.]+[ \t]+import[ \t(]+(?:tests?|test_\w+)\b", "imports tests"),
)
_SIGN = [(re.compile(pattern, re.MULTILINE), reason) for pattern, reason in _SIGNS]


def find_self_reading(sources: Mapping[str, bytes]) -> str | None:
    """Return why a package ships whole, in words, or None if nothing speaks for that.

    Args:
        sources: The texts of its modules, by their places.
    """
    for place, text in sources.items():
        if is_test(place):
            continue
        for pattern, reason in _SIGN:
            if match := pattern.search(text):
                line = text.count(b"\n", 0, match.start()) + 1
                return f"{place}:{line} {reason}"
    return None
