"""Watches the project's files and reports saves."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from pathlib import Path

from ferryman.core.errors import ConfigError, reason_of
from ferryman.local.needed_packages import need_watchfiles

__all__ = ("read_env_file", "saves")

# Milliseconds without another change after which a save is complete, and the most to wait for it.
_QUIET = 20
_TOGETHER = 80
# The suffixes of files that apps read at their start, in addition to modules.
_SUFFIXES = (".toml", ".env", ".html", ".jinja", ".j2")


async def saves(root: Path, stopped: asyncio.Event) -> AsyncIterator[tuple[str, ...]]:
    """Yield the names of the saved files, after each save.

    Args:
        root: The project's directory.
        stopped: Set this event to end the iteration.

    Raises:
        ConfigError: watchfiles is not installed.
    """
    need_watchfiles()
    from watchfiles import PythonFilter, awatch

    # Watch no files that the app itself may write.
    chosen = PythonFilter(ignore_paths=[root / "dist"], extra_extensions=_SUFFIXES)
    async for changes in awatch(
        root, watch_filter=chosen, step=_QUIET, debounce=_TOGETHER, stop_event=stopped
    ):
        yield tuple(sorted({str(Path(path).relative_to(root)) for _, path in changes}))


def read_env_file(path: Path) -> dict[str, str]:
    """Return the variables in an environment file, as python-dotenv parses it.

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
    """Return the number of leading empty lines, which python-dotenv includes in a binding."""
    return text[: len(text) - len(text.lstrip())].count("\n")
