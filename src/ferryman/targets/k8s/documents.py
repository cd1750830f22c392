"""Reads YAML as written by hand, safely: its documents, their lines, keys that stand twice.

A text is measured before anything is built of it: aliases that multiply, or contain themselves,
and depths and numbers that no manifest has are refused. The time is linear in the text's length.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ferryman.core.errors import ConfigError

__all__ = ("Source", "documents_of", "parse_documents", "read_documents")

# libyaml reads ten times as fast, where PyYAML was built with it.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_DEEPEST = 100
"""Levels of nesting; a pod's deepest field has 14."""

_MOST_NODES = 1_000_000
"""Values in all, with those that aliases stand for: some 20,000 objects."""

_LONGEST_NUMBER = 100
"""Digits of a number; the API's greatest has 19."""


@dataclass(frozen=True, slots=True)
class Source:
    """A document, and where it was written.

    Attributes:
        file: The file, as a reader would name it.
        document: The document.
        doubled: Keys that stand twice in a mapping of it, with the lines that count.
        node: What the parser made of it, with lines.
    """

    file: str
    document: Any
    doubled: tuple[str, ...] = ()
    node: Any = None

    def line(self, path: Sequence[str | int]) -> int:
        """Return the line of a field, or of the nearest that is there around it."""
        node = self.node
        line = 1 if node is None else node.start_mark.line + 1
        for part in path:
            found = _below(node, part)
            if found is None:
                break
            key, node = found
            line = key.start_mark.line + 1
        return int(line)


def _below(node: Any, part: str | int) -> tuple[Any, Any] | None:
    if isinstance(node, yaml.MappingNode) and isinstance(part, str):
        return next(((key, value) for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


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


def parse_documents(text: bytes, file: str) -> Iterator[Source]:
    """Yield each document of a text, which is measured before it is parsed.

    Args:
        text: YAML, of a user or a tool.
        file: The file that it is from, for errors.

    Raises:
        ConfigError: It is not YAML, or no manifest could look like it.
    """
    try:
        _measure(text, file)
        loader = _Watchful(text)
        try:
            while loader.check_node():
                node = loader.get_node()
                document = loader.construct_document(node)
                yield Source(file, document, tuple(loader.doubled), node)
                loader.doubled.clear()
        finally:
            loader.dispose()
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        cause = " ".join(str(error).split())
        raise ConfigError(f"{file} is not valid YAML", cause=cause) from None


def read_documents(root: Path, name: str, origin: str) -> list[Source]:
    """Return the documents of a file in the project's directory that are not empty.

    Args:
        root: The project's directory.
        name: The file, relative to it.
        origin: Where it was set, for the error.

    Raises:
        ConfigError: It cannot be read, is not YAML, or a key hides another.
    """
    try:
        text = (root / name).read_bytes()
    except OSError as error:
        raise ConfigError(f"{origin}: {name} cannot be read", cause=error.strerror) from None
    return documents_of(text, name)


def documents_of(text: bytes, name: str) -> list[Source]:
    """Return the documents of a text that are not empty.

    Raises:
        ConfigError: It is not YAML, or a key hides another.
    """
    found = [source for source in parse_documents(text, name) if source.document]
    for source in found:
        if source.doubled:
            raise ConfigError(
                f"{name}: the key {source.doubled[0]} stands twice in its mapping",
                cause="the last one counts and what stands in the others is lost",
            )
    return found


def _measure(text: bytes, file: str) -> None:
    """Refuse a text whose anchors would unfold to too much, before anything is built of it."""
    sizes: dict[str, int] = {}  # how much each anchor stands for
    opened: list[tuple[str | None, int]] = []
    count = 0
    for event in yaml.parse(text, Loader=_Loader):
        where = f"{file}, line {getattr(event.start_mark, 'line', 0) + 1}"
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            opened.append((event.anchor, count))
            count += 1
            if len(opened) > _DEEPEST:
                raise ConfigError(f"{where}: it is nested more than {_DEEPEST} levels deep")
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            anchor, before = opened.pop()
            if anchor:
                sizes[anchor] = count - before
        elif isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in opened):
                raise ConfigError(f"{where}: *{event.anchor} stands within what it is an alias of")
            count += sizes.get(str(event.anchor), 1)
        elif isinstance(event, yaml.ScalarEvent):
            count += 1
            if len(event.value) > _LONGEST_NUMBER and event.implicit[0] and _is_number(event.value):
                digits = len(event.value)
                raise ConfigError(
                    f"{where}: a number of {digits:,} digits", hint="a text goes into quotes"
                )
        elif isinstance(event, yaml.DocumentStartEvent):
            sizes = {}
        if count > _MOST_NODES:
            raise ConfigError(
                f"{where}: it stands for more than {_MOST_NODES:,} values",
                hint="do its aliases name each other?",
            )


def _is_number(text: str) -> bool:
    return text.lstrip("+-").replace("_", "").replace(".", "").isdigit() or text[:2] in ("0x", "0b")
