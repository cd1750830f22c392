"""The size of a task, from Fargate's sizes and the app's measurement.

Pure, but for reading the measurement in the project's directory. Source: "Task CPU and
memory" in the Amazon ECS developer guide for Fargate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ferryman.core.errors import ConfigError
from ferryman.project.project import Project
from ferryman.records.measurement import TargetFigures
from ferryman.records.measurement_file import FILE_NAME, read_measurement

if TYPE_CHECKING:
    from ferryman.targets.server.deploying.options import ServiceOptions

__all__ = ("TaskSize", "memory_sizes", "task_size")

_MEMORY_ROOM = 1.25
"""Memory of a task, as a multiple of the measured peak."""

_VCPU = 1024
_SMALLEST = 256
_RANGES = {  # MiB: from, to, step
    512: (1024, 4096, 1024),
    1024: (2048, 8192, 1024),
    2048: (4096, 16384, 1024),
    4096: (8192, 30720, 1024),
    8192: (16384, 61440, 4096),
    16384: (32768, 122880, 8192),
}


@dataclass(frozen=True, slots=True)
class TaskSize:
    """The size of a task.

    Attributes:
        cpu: In 1024ths of a vCPU.
        memory: In MiB.
        rate: Requests a minute that it carries at the use of CPU that is aimed at; None where
            the app was not measured.
        notes: The measured figures behind it, a sentence each.
    """

    cpu: int
    memory: int
    rate: float | None = None
    notes: tuple[str, ...] = ()


def memory_sizes(cpu: int) -> tuple[int, ...]:
    """Return the sizes of memory, in MiB, that Fargate has for a CPU in 1024ths."""
    if cpu == _SMALLEST:
        return (512, 1024, 2048)
    first, last, step = _RANGES[cpu]
    return tuple(range(first, last + 1, step))


def task_size(project: Project, options: ServiceOptions, workers: int) -> TaskSize:
    """Return the size of a task of a project.

    Args:
        project: The project.
        options: The deployment's settings.
        workers: How many event loops a task has.

    Raises:
        ConfigError: The measurement cannot be read, or no size of Fargate fits it.
    """
    path = project.root / FILE_NAME
    measured = read_measurement(path).targets.get("server") if path.exists() else None
    if measured is None:
        return TaskSize(options.cpu, options.memory or memory_sizes(options.cpu)[0])
    vcpus = min(options.cpu / _VCPU, workers)
    rate = vcpus * 1000 / measured.full_cpu_ms.high * options.cpu_target / 100
    memory = options.memory or _memory(measured, options.cpu, workers)
    notes = (
        f"{FILE_NAME}: a task carries {rate:,.0f} requests a second with {options.cpu_target} % "
        f"of {options.cpu / _VCPU:g} vCPU",
        f"{FILE_NAME}: memory is {memory} MiB; {measured.memory_load_mib.value:.0f} MiB were the "
        "most of one process under load",
    )
    return TaskSize(options.cpu, memory, round(rate * 60, 1), notes)


def _memory(measured: TargetFigures, cpu: int, workers: int) -> int:
    wanted = measured.memory_load_mib.high * _MEMORY_ROOM * workers
    fitting = next((size for size in memory_sizes(cpu) if size >= wanted), None)
    if fitting is None:
        raise ConfigError(
            f"[tool.ferryman.server.deploy] cpu = {cpu}: Fargate has at most "
            f"{memory_sizes(cpu)[-1]} MiB of memory for it, and the app needs {wanted:.0f}",
            cause=f"{FILE_NAME} has {measured.memory_load_mib.high:.0f} MiB under load, and a "
            f"quarter is added, for {workers} processes",
            hint="raise cpu, or set memory",
        )
    return fitting
