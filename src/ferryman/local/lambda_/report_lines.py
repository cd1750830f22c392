"""The lines that Lambda writes about an invocation.

The format is that of Lambda's plain-text logs: START, END, and a REPORT whose fields stand
between tabs. Since August 2025 the billed duration holds the init duration as well.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = (
    "Report",
    "end_line",
    "exit_line",
    "init_report_line",
    "start_line",
    "timeout_line",
)


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
        restore_duration: In its place, those from a snapshot to the first event being asked
            for.
        status: `timeout` or `error`, or None where all went well.
        error_type: What kind of error.
    """

    request_id: str
    duration: float
    memory_size: int
    max_memory_used: int
    init_duration: float | None = None
    restore_duration: float | None = None
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
        if self.restore_duration is not None:
            parts.append(f"Restore Duration: {self.restore_duration:.2f} ms")
            parts.append(f"Billed Restore Duration: {math.ceil(self.restore_duration)} ms")
        if self.status:
            parts.append(f"Status: {self.status}")
        if self.error_type:
            parts.append(f"Error Type: {self.error_type}")
        return "\t".join(parts) + "\t"


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
    """Return what is said of an init or a restore that failed after so many milliseconds.

    Args:
        duration: The milliseconds.
        phase: `init`, `restore`, or `invoke` for an init that is tried once more.
        status: `timeout` or `error`.
        error_type: What kind of error.
    """
    if phase == "restore":
        said = f"RESTORE_REPORT Restore Duration: {duration:.2f} ms"
    else:
        said = f"INIT_REPORT Init Duration: {duration:.2f} ms\tPhase: {phase}"
    return f"{said}\tStatus: {status}\tError Type: {error_type}"
