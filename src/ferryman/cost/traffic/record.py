"""One request in a log, whichever program wrote the line."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ("LambdaUse", "Record", "timed_record")


class LambdaUse(NamedTuple):
    """Lambda's report of an invocation.

    Attributes:
        billed_ms: Milliseconds that were billed.
        memory_mib: The function's memory; AWS writes MB.
        used_mib: The most that its process held; None if the log does not say.
        init_ms: Milliseconds of its cold start, an init or a restore; None if it was warm.
        app_log_bytes: What the function itself had logged since the report before, as
            CloudWatch bills it; None if the log was cut down to the reports.
    """

    billed_ms: float
    memory_mib: int
    used_mib: int | None
    init_ms: float | None = None
    app_log_bytes: int | None = None


class Record(NamedTuple):
    """One request. A named tuple, for logs have millions of them.

    Attributes:
        time: Seconds since 1970, or None where the line has no time.
        wall_ms: Its duration in milliseconds.
        failed: Whether the server failed it: a status of 500 and more, an error, a
            time-out. None if the line does not say.
        bytes_out: Size of the response.
        bytes_in: Size of the request.
        use: What Lambda billed for it.
        request_id: Its id.
        requests: How many requests the line stands for; more than one has no more than a time.
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
    """Return the record of a request of a server, in half the time that its class takes."""
    return _new(Record, (time, wall_ms, failed, bytes_out, bytes_in, None, None, 1))


_new = tuple.__new__
