"""The settings of a function on this machine: its command, limits and environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ("PAYLOAD_LIMIT", "FunctionSettings")

PAYLOAD_LIMIT = 6_291_556
"""The most bytes of an event and of a result: 6 MiB and 100, as Lambda's error message says."""


@dataclass(frozen=True, slots=True)
class FunctionSettings:
    """A function's settings, most of them as on AWS.

    Attributes:
        command: Starts the runtime, which finds the Runtime API in its environment variables.
        directory: The working directory.
        variables: Environment variables, in addition to Lambda's own.
        name: The function's name.
        handler: The value of `_HANDLER`.
        memory: The memory of an environment in MiB. A process with more is killed.
        timeout: Seconds that an invocation may take.
        init_timeout: Seconds that a process may take before it asks for its first event.
        environments: The most environments at once. Further invocations are refused.
        concurrency: The most invocations at once in an environment. More than 1 is Managed
            Instances, whose environments are never frozen.
        idle: Seconds after which an environment without an invocation is ended.
        snapshot: Whether it starts as with SnapStart: with a restore after its init.
        ahead: Whether a spare process is started ahead. Its command must wait for a line on its
            standard input before it loads the app.
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
        """The function's ARN, with a made-up account."""
        return f"arn:aws:lambda:us-east-1:123456789012:function:{self.name}"
