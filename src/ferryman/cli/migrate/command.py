"""Finds the verb of `ferryman migrate`, and loads only that one."""

from __future__ import annotations

from collections.abc import Mapping

import click

from ferryman.cli.verb_group import VerbGroup

__all__ = ("command",)

_VERBS: Mapping[str, str] = {
    "plan": "Print how long each step takes, and what it may cost.",
    "verify": "Send the same requests to both sides, and show where the responses differ.",
    "shift": "Move the traffic step by step, and back if the new side is worse.",
    "follow": "Keep both sides, each hour with the cheapest share of the traffic.",
    "status": "Show the state of the migration.",
    "pause": "Pause the migration; both sides keep their traffic.",
    "resume": "Resume after a pause, or after the process that ran the migration has ended.",
    "rollback": "Send all traffic back to the old side, at once.",
    "finish": "Send the rest to the new side, once its last step has passed.",
}


@click.group(cls=VerbGroup, verbs=_VERBS, package="ferryman.cli.migrate")
def command() -> None:
    """Move the traffic to another side without losing a request, and back if it is worse.

    The sides and the balancer between them are set in [tool.ferryman.migrate].

    \b
    Example:
      ferryman migrate plan --rate 20
      ferryman migrate shift --from lambda --to server
      ferryman migrate finish
    """
