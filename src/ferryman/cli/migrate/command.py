"""Finds the verb of `ferryman migrate`, and loads only that one."""

from __future__ import annotations

from collections.abc import Mapping

import click

from ferryman.cli.verb_group import VerbGroup

__all__ = ("command",)

_VERBS: Mapping[str, str] = {
    "plan": "Print how long a migration takes, what it may cost, and whether it can work.",
    "verify": "Send the same requests to both sides, and show where the responses differ.",
    "shift": "Move the traffic step by step, and back if the new side is worse.",
    "follow": "Keep both sides, and move the weight each hour to the cheapest share.",
    "status": "Show the state of the migration.",
    "pause": "Pause the migration; both sides keep their traffic.",
    "resume": "Resume after a pause, or after the process that ran the migration has ended.",
    "rollback": "Send all traffic back to the old side, at once.",
    "finish": "Send the remaining traffic to the new side, after its last step has passed.",
}


@click.group(cls=VerbGroup, verbs=_VERBS, package="ferryman.cli.migrate")
def command() -> None:
    """Move traffic to another deployment without losing a request, and back if that one is worse.

    The old and the new deployment are the two sides. [tool.ferryman.migrate] sets them, and the
    load balancer in front of both.

    \b
    Examples:
      ferryman migrate plan --rate 20
      ferryman migrate shift --from lambda --to server
      ferryman migrate finish
    """
