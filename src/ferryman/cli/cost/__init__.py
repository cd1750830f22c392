"""``ferryman cost``: what the workload costs on each platform, and where that changes.

It reads flags and configuration, calls `ferryman.cost` and prints tables; it must not calculate
bills itself. Data goes to standard output, messages to standard error.
"""

from __future__ import annotations

from ferryman.cli.cost.command import command

__all__ = ("command",)
