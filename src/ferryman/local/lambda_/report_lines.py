"""The log lines that Lambda writes about an invocation.

The format is that of Lambda's plain-text logs: START, END, and a REPORT with fields between tabs.
Since August 2025 the billed duration includes the init duration.
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
    """The figures of an invocation's REPORT line.

    Attributes:
        request_id: The invocation's id.
        duration: Milliseconds from the event to the runtime's request for the next event.
        memory_size: The function's memory, in MiB. AWS writes MB.
        max_memory_used: The largest memory of the environment's process so far, in MiB.
        init_duration: Milliseconds from the start of the process to its request for the first
            event; None except for the first invocation of an environment.
        restore_duration: With a snapshot, the milliseconds from the restore to the request for
            the first event, in place of `init_duration`.
        status: `timeout` or `error`; None after success.
        error_type: The type of the error, if any.
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
        """The billed milliseconds, without those of a restore."""
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
    """Return the line before an invocation's own lines."""
    return f"START RequestId: {request_id} Version: $LATEST"


def end_line(request_id: str) -> str:
    """Return the line after an invocation's own lines."""
    return f"END RequestId: {request_id}"


def timeout_line(request_id: str, limit: float) -> str:
    """Return the line about an invocation that Lambda cut off after some seconds."""
    return f"{request_id} Task timed out after {limit:.2f} seconds"


def exit_line(request_id: str, how: str) -> str:
    """Return the line about a process that ended by itself."""
    return f"RequestId: {request_id} Error: Runtime exited with error: {how}"


def init_report_line(duration: float, phase: str, status: str, error_type: str) -> str:
    """Return the line about a failed init or restore.

    Args:
        duration: The milliseconds of the phase.
        phase: `init`, `restore`, or `invoke` for the second try of an init.
        status: `timeout` or `error`.
        error_type: The type of the error.
    """
    if phase == "restore":
        line = f"RESTORE_REPORT Restore Duration: {duration:.2f} ms"
    else:
        line = f"INIT_REPORT Init Duration: {duration:.2f} ms\tPhase: {phase}"
    return f"{line}\tStatus: {status}\tError Type: {error_type}"
