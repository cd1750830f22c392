"""Reads YAML as written by hand: the documents of a text, and the keys that stand twice in it."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import yaml

__all__ = ("read_documents",)

# libyaml reads ten times as fast, where PyYAML was built with it.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Watchful(_Loader):  # type: ignore[misc]
    """The safe loader, which notes where a key hides another of its mapping."""

    def __init__(self, stream: bytes) -> None:
        super().__init__(stream)
        self.doubled: list[str] = []

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        """Return a mapping, of whose keys the last counts, as in every reader of YAML."""
        seen: set[str] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if not isinstance(key, yaml.ScalarNode) or key.tag.endswith(":merge"):
                continue
            if key.value in seen:
                self.doubled.append(f"{key.value} (line {key.start_mark.line + 1})")
            seen.add(key.value)
        found: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return found


def read_documents(text: bytes) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Yield each document, with the keys in it that stand twice in one mapping.

    Raises:
        YAMLError: The text is no YAML.
        UnicodeDecodeError: It is no text.
    """
    loader = _Watchful(text)
    try:
        while loader.check_data():
            document = loader.get_data()
            yield document, tuple(loader.doubled)
            loader.doubled.clear()
    finally:
        loader.dispose()
