"""Reads options that are file paths: to read, to write, or for a picture."""

from __future__ import annotations

from pathlib import Path

from ferryman.core.errors import ConfigError

__all__ = ("a_file", "a_new_file", "a_plot")


def a_file(flag: str, text: str) -> Path:
    """Return the path of a file.

    Raises:
        ConfigError: The text cannot be a file's name.
    """
    if not text or "\0" in text:
        raise ConfigError(f"{flag}: {text!r} is not the name of a file", hint="give a path")
    return Path(text)


def a_new_file(flag: str, text: str) -> Path:
    """Return the path of a file to write.

    Raises:
        ConfigError: The file's folder does not exist.
    """
    path = a_file(flag, text)
    if not path.parent.is_dir():
        raise ConfigError(
            f"{flag}: {path} cannot be written", cause=f"there is no folder {path.parent}"
        )
    return path


def a_plot(flag: str, text: str) -> Path:
    """Return the path of a picture, ``-`` for text.

    Raises:
        ConfigError: The name does not end in .svg.
    """
    if text != "-" and not text.lower().endswith(".svg"):
        raise ConfigError(
            f"{flag}: {text} is not the name of an SVG file",
            hint="give a name that ends in .svg, or none for a chart of text",
        )
    return a_new_file(flag, text)
