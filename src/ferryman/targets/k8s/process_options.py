"""The settings of what runs beside the web process, `[[tool.ferryman.k8s.process]]`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ferryman.targets.k8s.syntax import cpu_quantity, memory_quantity, process_name

__all__ = ("Command", "Cpu", "Memory", "ProcessOptions", "check_names")

_TAKEN = ("migrate", "processes", "web")


def _number_as_text(value: object) -> object:
    """Let TOML's `cpu = 1` mean the text "1"; what is wrong with it is said later."""
    return str(value) if isinstance(value, int | float) else value


def _command(text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"that is not a command: {error}".lower()) from None
    if not words:
        raise ValueError("the command is empty; write it as in a shell: python -m shop.worker")
    return text


Cpu = Annotated[str, BeforeValidator(_number_as_text), AfterValidator(cpu_quantity)]
Memory = Annotated[str, BeforeValidator(_number_as_text), AfterValidator(memory_quantity)]
Command = Annotated[str, AfterValidator(_command)]


class ProcessOptions(BaseModel):
    """One of `[[tool.ferryman.k8s.process]]`: a worker, or what a clock starts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, AfterValidator(process_name)] = Field(
        description="What it is called, after the project's name and a dash."
    )
    command: Command | None = Field(
        default=None,
        description="What runs, in words as in a shell, and without one. With a `schedule` by "
        "default the app's handler for `schedule`.",
    )
    schedule: str | None = Field(
        default=None, description="When it is started, in the five fields of cron: 0 3 * * *."
    )
    time_zone: str | None = Field(
        default=None, description="The time zone of the schedule, such as Europe/Berlin."
    )
    replicas: int = Field(default=1, ge=0, description="How many of it run, if it has no schedule.")
    cpu: Cpu | None = Field(
        default=None, description="As for the web process; by default the same."
    )
    memory: Memory | None = Field(
        default=None, description="As for the web process; by default the same."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.command is None and self.schedule is None:
            raise ValueError(f"the process {self.name} needs a command, or a schedule")
        if self.schedule is not None and "replicas" in self.model_fields_set:
            raise ValueError(f"the process {self.name} has a schedule, which starts one at a time")
        if self.time_zone is not None and self.schedule is None:
            raise ValueError(f"the process {self.name} has a time_zone, and no schedule")
        return self


def check_names(processes: Sequence[ProcessOptions]) -> None:
    """Check that each process has a name of its own.

    Raises:
        ValueError: Two have the same, or one that others need.
    """
    names = [process.name for process in processes]
    if taken := [name for name in names if name in _TAKEN or names.count(name) > 1]:
        raise ValueError(f"the name {taken[0]} is taken; give the process another")
