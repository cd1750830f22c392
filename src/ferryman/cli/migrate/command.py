"""Finds the verb of `ferryman migrate`, and loads that one alone."""

from __future__ import annotations

from collections.abc import Mapping

import click

from ferryman.cli.verb_group import VerbGroup

__all__ = ("command",)

_VERBS: Mapping[str, str] = {
    "plan": "Say how long each step takes, and what it may cost.",
    "verify": "Send the same requests to both sides, and say where the answers differ.",
    "shift": "Move the traffic step by step, and back if the new side is worse.",
    "follow": "Keep both sides, with the cheapest share of each hour.",
    "status": "Show how the migration stands.",
    "pause": "Stop where it is; both sides keep their traffic.",
    "resume": "Go on after a pause, or after the process that ran it has ended.",
    "rollback": "Send all traffic back to the old side, at once.",
    "finish": "Send the rest to the new side, once its last step has passed.",
}


@click.group(cls=VerbGroup, verbs=_VERBS, package="ferryman.cli.migrate")
def command() -> None:
    """Carry the traffic to another side, without a lost request, and back by itself.

    The sides and the balancer between them are set in [tool.ferryman.migrate].

    \b
    Example:
      ferryman migrate plan --rate 20
      ferryman migrate shift --from lambda --to server
      ferryman migrate finish
    """
