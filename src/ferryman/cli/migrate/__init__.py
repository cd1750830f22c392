"""`ferryman migrate`: moves the traffic from one side to another, a module for each verb."""

from __future__ import annotations

from ferryman.cli.migrate.command import command

__all__ = ("command",)
