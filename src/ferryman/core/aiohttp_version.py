"""The version of the installed aiohttp, for code that differs between versions."""

from __future__ import annotations

import re

import aiohttp

__all__ = ("VERSION",)

VERSION = tuple(int(number) for number in re.findall(r"\d+", aiohttp.__version__)[:3])
"""The version, as three numbers."""
