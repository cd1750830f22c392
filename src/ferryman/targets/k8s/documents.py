"""Reads the user's YAML safely: its documents, their line numbers and duplicate keys.

Before it builds any values, it refuses aliases that multiply or contain themselves, and nesting and
numbers that no manifest has. This takes time linear in the length of the text.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ferryman.core.errors import ConfigError

__all__ = ("Source", "documents_of", "read_documents")

# libyaml is ten times as fast, if PyYAML was built with it.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_DEEPEST = 100
"""The most levels of nesting. A pod's deepest field has 14."""

_MOST_NODES = 1_000_000
"""The most values, with aliases expanded. About 20,000 objects have so many."""

_LONGEST_NUMBER = 100
"""The most digits of a number. The API's largest number has 19."""


@dataclass(frozen=True, slots=True)
class Source:
    """A document and its place in a file.

    Attributes:
        file: The file, as a reader would name it.
        document: The document.
        node: The parser's node, with line numbers.
    """

    file: str
    document: Any
    node: Any

    def line(self, path: Sequence[str | int]) -> int:
        """Return the line of a field, or of the innermost existing field on the way to it."""
        node = self.node
        line = node.start_mark.line + 1
        for part in path:
            pair = _below(node, part)
            if pair is None:
                break
            key, node = pair
            line = key.start_mark.line + 1
        return int(line)


def _below(node: Any, part: str | int) -> tuple[Any, Any] | None:
    if isinstance(node, yaml.MappingNode) and isinstance(part, str):
        return next(((key, value) for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None


class _DuplicateKeyError(Exception):
    """A mapping has a key twice. The message names the key."""


class _UniqueKeyLoader(_Loader):  # type: ignore[misc]
    """The safe loader, which also refuses duplicate keys. Other parsers use the last value."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        """Return a mapping.

        Raises:
            _DuplicateKeyError: A key appears twice.
        """
        seen: set[str] = set()
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if not isinstance(key, yaml.ScalarNode) or key.tag.endswith(":merge"):
                continue
            if key.value in seen:
                raise _DuplicateKeyError(f"{key.value} (line {key.start_mark.line + 1})")
            seen.add(key.value)
        mapping: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return mapping


def read_documents(root: Path, name: str, origin: str) -> list[Source]:
    """Return the non-empty documents of a file in the project's directory.

    Args:
        root: The project's directory.
        name: The file, relative to that directory.
        origin: The setting that names the file, for errors.

    Raises:
        ConfigError: The file cannot be read, is not YAML, or has a duplicate key.
    """
    try:
        text = (root / name).read_bytes()
    except OSError as error:
        raise ConfigError(f"{origin}: {name} cannot be read", cause=error.strerror) from None
    return documents_of(text, name)


def documents_of(text: bytes, name: str) -> list[Source]:
    """Return the non-empty documents of a text.

    Raises:
        ConfigError: The text is not YAML, has a duplicate key, or exceeds a limit of this module.
    """
    sources = []
    try:
        _check_size(text, name)
        loader = _UniqueKeyLoader(text)
        try:
            while loader.check_node():
                node = loader.get_node()
                sources.append(Source(name, loader.construct_document(node), node))
        finally:
            loader.dispose()
    except _DuplicateKeyError as error:
        raise ConfigError(
            f"{name}: the key {error} appears twice in its mapping",
            cause="only its last value would apply",
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        cause = " ".join(str(error).split())
        raise ConfigError(f"{name} is not valid YAML", cause=cause) from None
    return [source for source in sources if source.document]


def _check_size(text: bytes, file: str) -> None:
    """Check the limits of a text before any values are built from it.

    Raises:
        ConfigError: The text exceeds a limit, or an alias contains itself.
    """
    sizes: dict[str, int] = {}  # the number of values of each anchor
    open_nodes: list[tuple[str | None, int]] = []
    count = 0
    for event in yaml.parse(text, Loader=_Loader):
        where = f"{file}, line {getattr(event.start_mark, 'line', 0) + 1}"
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            open_nodes.append((event.anchor, count))
            count += 1
            if len(open_nodes) > _DEEPEST:
                raise ConfigError(f"{where}: it is nested more than {_DEEPEST} levels deep")
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            anchor, before = open_nodes.pop()
            if anchor:
                sizes[anchor] = count - before
        elif isinstance(event, yaml.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in open_nodes):
                raise ConfigError(f"{where}: the alias *{event.anchor} contains itself")
            count += sizes.get(str(event.anchor), 1)
        elif isinstance(event, yaml.ScalarEvent):
            count += 1
            if len(event.value) > _LONGEST_NUMBER and event.implicit[0] and _is_number(event.value):
                digits = len(event.value)
                raise ConfigError(
                    f"{where}: a number of {digits:,} digits", hint="quote it if it is a text"
                )
        elif isinstance(event, yaml.DocumentStartEvent):
            sizes = {}
        if count > _MOST_NODES:
            raise ConfigError(
                f"{where}: the file expands to more than {_MOST_NODES:,} values",
                hint="do its aliases refer to each other?",
            )


def _is_number(text: str) -> bool:
    return text.lstrip("+-").replace("_", "").replace(".", "").isdigit() or text[:2] in ("0x", "0b")
