"""Masks the parts of a body that may differ, by JSON paths and by patterns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

__all__ = ("check_ignored", "without")

_STEP = re.compile(r"\.\.(?P<below>[\w-]+)|\.(?P<name>[\w-]+)|\[(?P<index>\d+|\*)\]")
_PATH = re.compile(r"\$(?:\.{1,2}[\w-]+|\[(?:\d+|\*)\])+")
_LEFT_OUT = "(ignored)"


def check_ignored(ignored: Iterable[str]) -> tuple[str, ...]:
    """Return the paths and patterns to ignore, if they are valid.

    Args:
        ignored: JSON paths such as `$.items[*].id` and `$..created`, and regular expressions
            between slashes, such as `/token=[0-9a-f]+/`.

    Raises:
        ValueError: One is neither a JSON path nor a pattern.
    """
    for each in ignored:
        if _is_pattern(each):
            _compiled(each)
        elif not _PATH.fullmatch(each):
            raise ValueError(
                f"'{each}' is neither a JSON path, such as $.items[*].id, nor a /pattern/"
            )
    return tuple(ignored)


def without(body: bytes, ignored: Sequence[str]) -> bytes:
    """Return a body with the ignored parts replaced by a fixed text.

    Args:
        body: The body. JSON paths apply to it if it is JSON.
        ignored: The result of `check_ignored`.
    """
    paths = [each for each in ignored if not _is_pattern(each)]
    if paths:
        try:
            document = json.loads(body)
        except ValueError:
            pass
        else:
            for path in paths:
                _cover(document, list(_steps(path)))
            body = json.dumps(document).encode()
    for each in ignored:
        if _is_pattern(each):
            body = _compiled(each).sub(_LEFT_OUT.encode(), body)
    return body


def _is_pattern(text: str) -> bool:
    return len(text) > 2 and text.startswith("/") and text.endswith("/")


@cache
def _compiled(pattern: str) -> re.Pattern[bytes]:
    try:
        return re.compile(pattern[1:-1].encode())
    except re.error as error:
        raise ValueError(f"{pattern} is not a regular expression: {error}") from None


def _steps(path: str) -> Iterator[tuple[str, str]]:
    for step in _STEP.finditer(path):
        assert step.lastgroup is not None
        yield step.lastgroup, step[step.lastgroup]


def _cover(node: Any, steps: list[tuple[str, str]]) -> None:
    """Replace the values in a document that a path's steps select."""
    (kind, name), rest = steps[0], steps[1:]
    for key in _keys(node, kind, name):
        if rest:
            _cover(node[key], rest)
        else:
            node[key] = _LEFT_OUT
    if kind == "below" and isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            _cover(child, steps)


def _keys(node: Any, kind: str, name: str) -> list[Any]:
    if isinstance(node, dict) and kind in ("name", "below"):
        return [name] if name in node else []
    if isinstance(node, list) and kind == "index":
        every = list(range(len(node)))
        return every if name == "*" else [each for each in every if each == int(name)]
    return []
