"""Plans the CPU and memory that a pod requests, from the settings or the measurement.

Reads the measurement file in the project's directory, if it exists. It must not know manifests.
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

_MEMORY_FACTOR = 1.25
"""The requested memory, relative to the measured peak."""

_MEMORY_STEP, _LEAST_MEMORY = 16, 64
"""In MiB. Amounts are rounded up to a step; every Python server needs at least the least."""

_CPU_STEP, _LEAST_CPU, _WHOLE_CPU = 10, 50, 1000
"""In thousandths of a CPU. One event loop cannot use more than one whole CPU."""


@dataclass(frozen=True, slots=True)
class Resources:
    """The resources that a pod requests.

    Attributes:
        cpu: The CPU, as a Kubernetes quantity.
        memory: The memory, which is also the limit.
        notes: Sentences about what was measured.
    """

    cpu: str
    memory: str
    notes: tuple[str, ...] = ()


def plan_resources(project: Project) -> Resources:
    """Return the resources that a pod of a project requests.

    Raises:
        ConfigError: The measurement cannot be read, or one pod cannot serve `pod_rate`.
    """
    options = project.section("k8s", KubernetesOptions)
    measurement = _measurement(project)
    server = measurement.targets.get("server") if measurement else None
    if measurement is None or server is None:
        if options.pod_rate is not None:
            missing = "measures no server" if measurement else "is not in the project's directory"
            raise ConfigError(
                "k8s.pod_rate is set, but the CPU time of a request is unknown",
                cause=f"{FILE_NAME} {missing}",
                hint="run `ferryman measure`, or set cpu instead",
            )
        return Resources(options.cpu or DEFAULT_CPU, options.memory or DEFAULT_MEMORY)
    cpu = options.cpu or (DEFAULT_CPU if options.pod_rate is None else _cpu(server, options))
    memory = options.memory or _memory(server)
    doubts = (f"the figures are doubtful: {doubt}" for doubt in measurement.doubts)
    notes = chain(doubts, _notes(cpu, memory, server, options))
    return Resources(cpu, memory, tuple(f"{FILE_NAME}: {note}" for note in notes))


def _measurement(project: Project) -> Measurement | None:
    path = project.root / FILE_NAME
    return read_measurement(path) if path.exists() else None


def _memory(server: TargetFigures) -> str:
    wanted = max(_LEAST_MEMORY, server.memory_load_mib.high * _MEMORY_FACTOR)
    return f"{math.ceil(wanted / _MEMORY_STEP) * _MEMORY_STEP}Mi"


def _cpu(server: TargetFigures, options: KubernetesOptions) -> str:
    """Return the CPU with which a pod serves `pod_rate` at the utilization `cpu_target`.

    Raises:
        ConfigError: One process cannot use so much CPU, or `cpu_limit` is less.
    """
    assert options.pod_rate is not None
    wanted = options.pod_rate * server.full_cpu_ms.high / (options.cpu_target / 100)
    if wanted > _WHOLE_CPU:
        raise ConfigError(
            f"k8s.pod_rate: one pod cannot serve {options.pod_rate:g} requests a second",
            cause=f"a pod runs one process, which at {options.cpu_target} % of a CPU serves"
            f" {_rate(_WHOLE_CPU, server, options):,.0f}",
            hint="lower pod_rate, and let max_replicas add pods",
        )
    thousandths = max(_LEAST_CPU, math.ceil(wanted / _CPU_STEP) * _CPU_STEP)
    cpu = f"{thousandths}m"
    if options.cpu_limit is not None and cpu_cores(options.cpu_limit) < cpu_cores(cpu):
        raise ConfigError(
            f"k8s.cpu_limit {options.cpu_limit} is less than the {cpu} that pod_rate needs",
            hint="raise cpu_limit, or omit it",
        )
    return cpu


def _rate(thousandths: float, server: TargetFigures, options: KubernetesOptions) -> float:
    """Return the requests per second that some CPU serves."""
    return thousandths * options.cpu_target / 100 / server.full_cpu_ms.high


def _notes(
    cpu: str, memory: str, server: TargetFigures, options: KubernetesOptions
) -> Iterator[str]:
    if options.memory is None:
        yield f"memory is {memory}; the measured peak was {server.memory_load_mib.value:.0f} MiB"
    thousandths = min(float(cpu_cores(cpu) * 1000), _WHOLE_CPU)
    yield (
        f"a pod serves {_rate(thousandths, server, options):,.0f} requests a second with"
        f" {options.cpu_target} % of cpu {cpu}"
    )
