"""Which aiohttp is installed, for what differs between its versions."""

from __future__ import annotations

import re

import aiohttp

__all__ = ("VERSION",)

VERSION = tuple(int(number) for number in re.findall(r"\d+", aiohttp.__version__)[:3])
"""Its version, in three numbers."""
