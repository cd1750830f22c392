"""``ferryman cost``: what the workload costs on each platform, and where that changes.

Thin: it reads flags and configuration, calls `ferryman.cost` and prints rows. Data goes to
standard output, talk to standard error.
"""

from __future__ import annotations

from ferryman.cli.cost.command import command

__all__ = ("command",)
