"""The lines that Lambda writes about an invocation, written and read.

The format is that of Lambda's plain-text logs: START, END, and a REPORT whose fields stand
between tabs. Since August 2025 the billed duration holds the init duration as well.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

__all__ = (
    "Report",
    "end_line",
    "exit_line",
    "init_report_line",
    "read_report",
    "start_line",
    "timeout_line",
)

_FIELD = re.compile(r"(?P<name>[A-Z][A-Za-z ]*): (?P<value>[^\t]+)")


@dataclass(frozen=True, slots=True)
class Report:
    """The bill of one invocation.

    Attributes:
        request_id: The invocation's id.
        duration: Milliseconds from the event to the next one being asked for.
        memory_size: The function's memory, in MiB; AWS writes MB.
        max_memory_used: The most that its process held, in MiB.
        init_duration: Milliseconds from the start of the process to the first event being
            asked for; None but for the first invocation of an environment.
        status: `timeout` or `error`, or None where all went well.
        error_type: What kind of error.
    """

    request_id: str
    duration: float
    memory_size: int
    max_memory_used: int
    init_duration: float | None = None
    status: str | None = None
    error_type: str | None = None

    @property
    def billed_duration(self) -> int:
        """Milliseconds that are billed."""
        return math.ceil(round(self.duration + (self.init_duration or 0.0), 2))

    def __str__(self) -> str:
        """Return the REPORT line."""
        parts = [
            f"REPORT RequestId: {self.request_id}",
            f"Duration: {self.duration:.2f} ms",
            f"Billed Duration: {self.billed_duration} ms",
            f"Memory Size: {self.memory_size} MB",
            f"Max Memory Used: {self.max_memory_used} MB",
        ]
        if self.init_duration is not None:
            parts.append(f"Init Duration: {self.init_duration:.2f} ms")
        if self.status:
            parts.append(f"Status: {self.status}")
        if self.error_type:
            parts.append(f"Error Type: {self.error_type}")
        return "\t".join(parts) + "\t"


def read_report(line: str) -> Report | None:
    """Return the bill in a line of a log, Lambda's own or ours, or None if it is none."""
    _, marker, rest = line.partition("REPORT RequestId: ")
    if not marker:
        return None
    request_id, _, rest = rest.partition("\t")
    fields = {match["name"]: match["value"].strip() for match in _FIELD.finditer(rest)}
    try:
        init = fields.get("Init Duration")
        return Report(
            request_id=request_id,
            duration=_number(fields["Duration"]),
            memory_size=int(_number(fields["Memory Size"])),
            max_memory_used=int(_number(fields["Max Memory Used"])),
            init_duration=None if init is None else _number(init),
            status=fields.get("Status"),
            error_type=fields.get("Error Type"),
        )
    except (KeyError, ValueError):
        return None


def start_line(request_id: str) -> str:
    """Return the line before an invocation's own."""
    return f"START RequestId: {request_id} Version: $LATEST"


def end_line(request_id: str) -> str:
    """Return the line after an invocation's own."""
    return f"END RequestId: {request_id}"


def timeout_line(request_id: str, limit: float) -> str:
    """Return what is said of an invocation that was cut off after so many seconds."""
    return f"{request_id} Task timed out after {limit:.2f} seconds"


def exit_line(request_id: str, how: str) -> str:
    """Return what is said of a process that ended without being asked to."""
    return f"RequestId: {request_id} Error: Runtime exited with error: {how}"


def init_report_line(duration: float, phase: str, status: str, error_type: str) -> str:
    """Return what is said of an init phase that failed after so many milliseconds."""
    return (
        f"INIT_REPORT Init Duration: {duration:.2f} ms\tPhase: {phase}\t"
        f"Status: {status}\tError Type: {error_type}"
    )


def _number(text: str) -> float:
    return float(text.split()[0])
