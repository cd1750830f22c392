"""Finds logs: files, all files in folders, and standard input."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ferryman.core.errors import ConfigError, reason_of
from ferryman.cost.traffic.lines import blocks

__all__ = ("STDIN", "Source", "find_sources")

STDIN = "-"
"""The name of standard input on the command line."""

Watch = Callable[[int], object]
Complain = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Source:
    """One log.

    Args:
        path: Its file; ``None`` for standard input.
        size: Its stored size in bytes; 0 if unknown.
    """

    path: Path | None
    size: int = 0

    @property
    def name(self) -> str:
        """The name in messages."""
        return "standard input" if self.path is None else str(self.path)

    @property
    def lasts(self) -> bool:
        """Whether it can be read twice; standard input and pipes cannot."""
        return self.path is not None and self.path.is_file()

    def blocks(self, watch: Watch, complain: Complain) -> Iterator[bytes]:
        """Yield the log in blocks, decompressed.

        Raises:
            ConfigError: The log cannot be read.
        """
        try:
            if self.path is None:
                yield from blocks(sys.stdin.buffer, watch, complain)
                return
            with self.path.open("rb") as stream:
                yield from blocks(stream, watch, complain)
        except OSError as error:
            raise ConfigError(
                f"{self.name}: the log cannot be read", cause=reason_of(error)
            ) from error


def find_sources(paths: Iterable[str]) -> tuple[Source, ...]:
    """Return the logs at these paths; the logs of a folder are sorted by name.

    Raises:
        ConfigError: A path does not exist, or a folder is empty.
    """
    sources: dict[Path | None, Source] = {}
    for text in paths:
        if text == STDIN:
            sources[None] = Source(None)
            continue
        for path in _files(Path(text)):
            sources[path.resolve()] = Source(path, path.stat().st_size)
    return tuple(sources.values())


def _files(path: Path) -> list[Path]:
    try:
        is_folder = path.is_dir()
    except OSError as error:
        raise ConfigError(f"{path}: the log cannot be read", cause=reason_of(error)) from error
    if is_folder:
        inside = sorted(p for p in path.rglob("*") if p.is_file() and not _hidden(p, path))
        if not inside:
            raise ConfigError(f"{path}: the folder has no files")
        return inside
    if not path.exists():
        raise ConfigError(
            f"{path}: the log cannot be read",
            cause="there is no such file or folder",
            hint="give files, folders, or - for standard input",
        )
    return [path]


def _hidden(path: Path, root: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(root).parts)
