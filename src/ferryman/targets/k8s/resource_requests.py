"""What is set aside for a pod: what the settings say, or what was measured of the app.

Reads the measurement in the project's directory, where there is one. It knows no manifest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from ferryman.core.errors import ConfigError
from ferryman.project.project import Project
from ferryman.records.measurement import Measurement, TargetFigures
from ferryman.records.measurement_file import FILE_NAME, read_measurement
from ferryman.targets.k8s.options import DEFAULT_CPU, DEFAULT_MEMORY, KubernetesOptions
from ferryman.targets.k8s.syntax import cpu_cores

__all__ = ("Resources", "plan_resources")

_MEMORY_ROOM = 1.25
"""Memory for what the measurement did not meet, over the most that it saw."""

_MEMORY_STEP, _LEAST_MEMORY = 16, 64
"""In MiB: amounts that a reader can compare, and what no Python server stays below."""

_CPU_STEP, _LEAST_CPU, _WHOLE = 10, 50, 1000
"""In thousandths: one event loop has no use for more than a whole CPU."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What is set aside for a pod.

    Attributes:
        cpu: CPU, as Kubernetes writes it.
        memory: Memory, which it may not exceed.
        notes: What of it was measured, a sentence each.
    """

    cpu: str
    memory: str
    notes: tuple[str, ...] = ()


def plan_resources(project: Project) -> Resources:
    """Return what is set aside for a pod of a project.

    Raises:
        ConfigError: The measurement cannot be read, or one pod cannot carry what is asked.
    """
    options = project.section("k8s", KubernetesOptions)
    measurement = _measurement(project)
    server = measurement.targets.get("server") if measurement else None
    if measurement is None or server is None:
        if options.pod_rate is not None:
            raise _unmeasured(measurement)
        return Resources(options.cpu or DEFAULT_CPU, options.memory or DEFAULT_MEMORY)
    cpu = options.cpu or (DEFAULT_CPU if options.pod_rate is None else _cpu(server, options))
    memory = options.memory or _memory(server)
    doubts = (f"the figures are doubtful: {doubt}" for doubt in measurement.doubts)
    notes = chain(doubts, _notes(cpu, memory, server, options))
    return Resources(cpu, memory, tuple(f"{FILE_NAME}: {note}" for note in notes))


def _measurement(project: Project) -> Measurement | None:
    path = project.root / FILE_NAME
    return read_measurement(path) if path.exists() else None


def _unmeasured(measurement: Measurement | None) -> ConfigError:
    there_is = "no server was measured" if measurement else f"there is no {FILE_NAME}"
    return ConfigError(
        "k8s.pod_rate is set, and what a request costs is not known",
        cause=f"{there_is} in the project's directory",
        hint="run `ferryman measure`, or set cpu in its place",
    )


def _memory(server: TargetFigures) -> str:
    wanted = max(_LEAST_MEMORY, server.memory_load_mib.high * _MEMORY_ROOM)
    return f"{math.ceil(wanted / _MEMORY_STEP) * _MEMORY_STEP}Mi"


def _cpu(server: TargetFigures, options: KubernetesOptions) -> str:
    """Return the CPU with which a pod carries its rate at the use that is aimed at.

    Raises:
        ConfigError: It is more than one process can use.
    """
    assert options.pod_rate is not None
    wanted = options.pod_rate * server.full_cpu_ms.high / (options.cpu_target / 100)
    if wanted > _WHOLE:
        raise ConfigError(
            f"k8s.pod_rate: one pod does not carry {options.pod_rate:g} requests a second",
            cause=f"it is one process, and at {options.cpu_target} % of a CPU it carries"
            f" {_carried(_WHOLE, server, options):,.0f}",
            hint="lower pod_rate, and let max_replicas add pods",
        )
    thousandths = max(_LEAST_CPU, math.ceil(wanted / _CPU_STEP) * _CPU_STEP)
    cpu = f"{thousandths}m"
    if options.cpu_limit is not None and cpu_cores(options.cpu_limit) < cpu_cores(cpu):
        raise ConfigError(
            f"k8s.cpu_limit {options.cpu_limit} is less than the {cpu} that pod_rate needs",
            hint="raise cpu_limit, or leave it out",
        )
    return cpu


def _carried(thousandths: float, server: TargetFigures, options: KubernetesOptions) -> float:
    return thousandths * options.cpu_target / 100 / server.full_cpu_ms.high


def _notes(
    cpu: str, memory: str, server: TargetFigures, options: KubernetesOptions
) -> Iterator[str]:
    if options.memory is None:
        yield (
            f"memory is {memory}; {server.memory_load_mib.value:.0f} MiB were the most under load"
        )
    thousandths = min(float(cpu_cores(cpu) * 1000), _WHOLE)
    yield (
        f"a pod carries {_carried(thousandths, server, options):,.0f} requests a second with"
        f" {options.cpu_target} % of cpu {cpu}"
    )
