"""Watches the project's files and reports saves."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

from ferryman.core.errors import ConfigError, reason_of
from ferryman.local.needed_packages import need_watchfiles

__all__ = ("read_env_file", "saves")

# Milliseconds without another change after which an editor has written what it had to, and
# the most that are waited for it.
_QUIET = 20
_TOGETHER = 80
# Files that an app reads as it starts, besides its modules.
_SUFFIXES = (".toml", ".env", ".html", ".jinja", ".j2")


async def saves(root: Path, stopped: asyncio.Event) -> AsyncIterator[tuple[str, ...]]:
    """Yield the names of files that were saved, each time some were.

    Args:
        root: The project's directory.
        stopped: Ends it.

    Raises:
        ConfigError: watchfiles is not installed.
    """
    need_watchfiles()
    from watchfiles import PythonFilter, awatch

    # What an app writes as it runs is not a reason to restart it.
    chosen = PythonFilter(ignore_paths=[root / "dist"], extra_extensions=_SUFFIXES)
    async for changes in awatch(
        root, watch_filter=chosen, step=_QUIET, debounce=_TOGETHER, stop_event=stopped
    ):
        yield tuple(sorted({str(Path(path).relative_to(root)) for _, path in changes}))


def read_env_file(path: Path) -> dict[str, str]:
    """Return the variables in an environment file, as python-dotenv reads it.

    Raises:
        ConfigError: The file cannot be read, or a line is not `NAME=value`.
    """
    from dotenv.parser import parse_stream

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--env-file {path}: it cannot be read", cause=reason_of(error)) from None
    variables = {}
    for binding in parse_stream(io.StringIO(text)):
        if binding.error or (binding.key is not None and binding.value is None):
            line = binding.original.line + _leading_lines(binding.original.string)
            raise ConfigError(f"{path}: line {line} is not NAME=value", hint="such as PORT=8000")
        if binding.key is not None and binding.value is not None:
            variables[binding.key] = binding.value
    return variables


def _leading_lines(text: str) -> int:
    """Return how many empty lines come first: python-dotenv counts them as the binding's."""
    return text[: len(text) - len(text.lstrip())].count("\n")
