"""Says when a file of the project was saved."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from ferryman.core.errors import ConfigError, reason_of

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
    try:
        from watchfiles import PythonFilter, awatch
    except ImportError:
        raise ConfigError(
            "watchfiles is not installed", hint="pip install 'ferryman[dev]'"
        ) from None

    # What an app writes as it runs is no reason to start it anew.
    chosen = PythonFilter(ignore_paths=[root / "dist"], extra_extensions=_SUFFIXES)
    async for changes in awatch(
        root, watch_filter=chosen, step=_QUIET, debounce=_TOGETHER, stop_event=stopped
    ):
        yield tuple(sorted({str(Path(path).relative_to(root)) for _, path in changes}))


def read_env_file(path: Path) -> dict[str, str]:
    """Return the variables in a file of lines `NAME=value`.

    A line may begin with `export`; a value may stand in quotes; `#` begins a comment line.

    Raises:
        ConfigError: The file cannot be read, or a line is none of these.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--env-file {path}: it cannot be read", cause=reason_of(error)) from None
    variables = {}
    for number, line in enumerate(lines, 1):
        text = line.strip().removeprefix("export ")
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.strip().isidentifier():
            raise ConfigError(f"{path}: line {number} is not NAME=value", hint="such as PORT=8000")
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
            value = value[1:-1]
        variables[name.strip()] = value
    return variables
