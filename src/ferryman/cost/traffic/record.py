"""One request in a log of any program."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ("LambdaUse", "Record", "timed_record")


class LambdaUse(NamedTuple):
    """Lambda's report of an invocation.

    Attributes:
        billed_ms: Billed milliseconds.
        memory_mib: The function's memory; AWS writes MB.
        used_mib: The most memory that its process used; None if the log does not say.
        init_ms: Milliseconds of its cold start, an init or a restore; None if it was warm.
        app_log_bytes: What the function itself logged since the previous report, as CloudWatch
            bills it; None if the log has only reports.
    """

    billed_ms: float
    memory_mib: int
    used_mib: int | None
    init_ms: float | None = None
    app_log_bytes: int | None = None


class Record(NamedTuple):
    """One request. A named tuple, because logs have millions of requests.

    Attributes:
        time: Seconds since 1970, or None if the line has no time.
        wall_ms: Its duration in milliseconds.
        failed: Whether the server failed: a status from 500 on, an error, a time-out. None if
            the line does not say.
        bytes_out: Size of the response.
        bytes_in: Size of the request.
        use: What Lambda billed for it.
        request_id: Its id.
        requests: How many requests the line counts; a line that counts several has only a time.
    """

    time: float | None = None
    wall_ms: float | None = None
    failed: bool | None = None
    bytes_out: int | None = None
    bytes_in: int | None = None
    use: LambdaUse | None = None
    request_id: str | None = None
    requests: int = 1


def timed_record(
    time: float,
    wall_ms: float | None,
    failed: bool | None,
    bytes_out: int | None,
    bytes_in: int | None,
) -> Record:
    """Return the record of a server's request, in half the time that `Record` takes."""
    return _new(Record, (time, wall_ms, failed, bytes_out, bytes_in, None, None, 1))


_new = tuple.__new__
