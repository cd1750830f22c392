"""How a function runs on this machine: its command, its limits, its environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ("PAYLOAD_LIMIT", "FunctionSettings")

PAYLOAD_LIMIT = 6_291_556
"""Bytes of an event and of a result, from the error that Lambda answers with: 6 MiB and 100."""


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """A function, as its settings on AWS would say it.

    Attributes:
        command: What starts the runtime; it finds the Runtime API in its environment.
        directory: Where it starts.
        variables: Its environment, besides what Lambda sets.
        name: The function's name.
        handler: The handler, as `_HANDLER` will say it.
        memory: Memory of an environment in MiB; a process that holds more is killed.
        timeout: Seconds that an invocation may take.
        init_timeout: Seconds that a process may take to ask for its first event.
        environments: How many there may be at once; beyond them invocations are refused.
        concurrency: Invocations an environment takes at once: more than 1 is Managed
            Instances, whose environments are never frozen.
        idle: Seconds without an invocation after which an environment is ended.
        snapshot: Whether it starts as SnapStart does: with a restore after its init.
        ahead: Whether one process more than is needed is started, and waits. The command
            must then be one that goes on at a line on its standard input.
    """

    command: tuple[str, ...]
    directory: Path
    variables: Mapping[str, str] = field(default_factory=dict)
    name: str = "function"
    handler: str = ""
    memory: int = 512
    timeout: float = 30.0
    init_timeout: float = 10.0
    environments: int = 10
    concurrency: int = 1
    idle: float = 300.0
    snapshot: bool = False
    ahead: bool = False

    @property
    def arn(self) -> str:
        """The function's name in full."""
        return f"arn:aws:lambda:us-east-1:123456789012:function:{self.name}"
