"""The settings of a background process, `[[tool.ferryman.k8s.process]]`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from ferryman.targets.k8s.syntax import cpu_quantity, memory_quantity, process_name

__all__ = ("Command", "Cpu", "Memory", "ProcessOptions", "check_names")

_TAKEN = ("migrate", "processes", "web")


def _number_as_text(value: object) -> object:
    """Accept TOML's `cpu = 1` as the text "1", which is then validated."""
    return str(value) if isinstance(value, int | float) else value


def _command(text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"not a valid command: {error}".lower()) from None
    if not words:
        raise ValueError("the command is empty; write it as in a shell: python -m shop.worker")
    return text


Cpu = Annotated[str, BeforeValidator(_number_as_text), AfterValidator(cpu_quantity)]
Memory = Annotated[str, BeforeValidator(_number_as_text), AfterValidator(memory_quantity)]
Command = Annotated[str, AfterValidator(_command)]


class ProcessOptions(BaseModel):
    """One of `[[tool.ferryman.k8s.process]]`: a worker, or a process with a schedule."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, AfterValidator(process_name)] = Field(
        description="The name, which its objects have after the project's name and a dash."
    )
    command: Command | None = Field(
        default=None,
        description="The command, quoted as in a shell, but run without a shell. By default a "
        "process with a `schedule` calls the app's handler for `schedule`.",
    )
    schedule: str | None = Field(
        default=None, description="When it runs, in the five fields of cron, such as 0 3 * * *."
    )
    time_zone: str | None = Field(
        default=None, description="The time zone of the schedule, such as Europe/Berlin."
    )
    replicas: int = Field(default=1, ge=0, description="The number of pods, if it has no schedule.")
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
            raise ValueError(
                f"the process {self.name} has a schedule, which runs one pod at a time"
            )
        if self.time_zone is not None and self.schedule is None:
            raise ValueError(f"the process {self.name} has a time_zone, but no schedule")
        return self


def check_names(processes: Sequence[ProcessOptions]) -> None:
    """Check that the names of the processes are unique.

    Raises:
        ValueError: Two processes have the same name, or one has a reserved name.
    """
    names = [process.name for process in processes]
    if taken := [name for name in names if name in _TAKEN or names.count(name) > 1]:
        raise ValueError(f"the name {taken[0]} is taken; give the process another name")
