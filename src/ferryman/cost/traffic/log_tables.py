"""The figures from logs, as rows of a table and as JSON. It does not print."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from ferryman.cost.number_format import plain, volume
from ferryman.cost.traffic.log_summary import LambdaSummary, LogSummary
from ferryman.cost.traffic.shape import HOURS, Shape
from ferryman.records.wording import counted, three_digits

__all__ = ("log_json", "log_rows")

Row = tuple[str, str]

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def log_rows(summary: LogSummary) -> tuple[Row, ...]:
    """Return a row for each figure, also for those that are not in the logs."""
    return tuple(_rows(summary))


def _rows(summary: LogSummary) -> Iterator[Row]:
    yield "format", ", ".join(summary.titles)
    yield "requests", f"{summary.requests:,}{_span(summary)}"
    yield "a month", _month(summary)
    yield from _week(summary)
    yield "duration", _durations(summary)
    if summary.use:
        yield from _lambda(summary.use, summary.requests)
    yield "errors", _share(summary.failed_share)
    yield "response", _bytes(summary.response_bytes)
    yield "request", _bytes(summary.request_bytes)
    yield "other lines", f"{summary.other:,} that are not requests to the application"
    yield "unreadable lines", _unread(summary)
    yield from (("note", note) for note in summary.notes)


def _span(summary: LogSummary) -> str:
    if not summary.period:
        return ""
    first, seconds = summary.period.first, summary.period.seconds
    return f" from {_moment(first)} to {_moment(first + seconds)} UTC"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M")


def _month(summary: LogSummary) -> str:
    if summary.period:
        length = summary.period.seconds
        days = counted(length / 86400, "day") if length >= 86400 else counted(length / 3600, "hour")
        return f"{volume(summary.period.requests)}: the mean rate of {days}, over 730 hours"
    if summary.covered:
        covered = counted(summary.covered, "second")
        return f"unknown: the log covers {covered}, and ferryman needs an hour"
    return "unknown: the lines have no times, or all the same time"


def _week(summary: LogSummary) -> Iterator[Row]:
    period = summary.period
    if period is None:
        return
    burst = f"; a busy minute {plain(period.burst, 2)} times its hour" if period.burst else ""
    busy = f"{plain(period.peak_to_mean, 2)} times the mean rate{burst}"
    if period.shape is None:
        yield "busiest hour", busy
        yield "week", "unknown: the log does not cover a whole week"
        return
    place = period.shape.weights.index(max(period.shape.weights))
    yield "busiest hour", f"{DAYS[place // 24]} {place % 24:02}:00 UTC; {busy}"
    for day, digits in enumerate(_digits(period.shape)):
        yield DAYS[day], digits + ("  a digit for each hour; 9 is the busiest" if not day else "")


def _digits(shape: Shape) -> Iterator[str]:
    most = max(shape.weights)
    for start in range(0, HOURS, 24):
        yield "".join(str(round(9 * x / most)) for x in shape.weights[start : start + 24])


def _durations(summary: LogSummary) -> str:
    if (took := summary.durations) is None:
        return "not in the log"
    parts = [("mean", took.mean), ("p50", took.p50), ("p95", took.p95), ("p99", took.p99)]
    return ", ".join(f"{name} {_ms(value)}" for name, value in parts)


def _lambda(use: LambdaSummary, requests: int) -> Iterator[Row]:
    several = ""
    if use.sizes > 1:
        several = f" for most invocations, {use.memory_mean:,.0f} on average"
    yield "memory", f"{use.memory_mib:,} MiB configured{several}{_used(use)}"
    if use.sizes > 1:
        yield "note", f"the bill uses {use.memory_mib:,} MiB; --memory sets another size"
    init = f", {_ms(use.init_ms)} each" if use.init_ms is not None else ""
    yield "cold starts", f"{use.cold_starts:,}, {_share(use.cold_starts / requests)}{init}"
    billed = use.init_billed_ms
    if use.cold_starts and not billed:
        yield "note", "Lambda did not bill these cold starts; since August 2025 it bills them"
    if use.app_log_bytes is None:
        yield "logged", "unknown: the log has only reports"
    else:
        yield "logged", f"{_bytes(use.app_log_bytes)}, by the application"


def _used(use: LambdaSummary) -> str:
    if not use.used_most:
        return ""
    return (
        f"; used {use.used_mean:,.0f} on average, up to {use.used_p99:,.0f} in 99 % of"
        f" invocations, {use.used_most:,.0f} at most"
    )


def _share(share: float | None) -> str:
    if share is None:
        return "not in the log"
    return f"{share:.3%} of the requests" if share else "none"


def _bytes(size: float | None) -> str:
    return "not in the log" if size is None else f"{counted(round(size), 'byte')} per request"


def _ms(number: float) -> str:
    return f"{three_digits(number)} ms"


def _unread(summary: LogSummary) -> str:
    unread = summary.unread
    if not unread.lines:
        return "none"
    return f"{unread.lines:,}, the first {unread.where}: {unread.text!a}: {unread.why}"


def log_json(summary: LogSummary) -> dict[str, Any]:
    """Return the figures as JSON data; a figure that is not in the logs is None."""
    period, took, use, unread = summary.period, summary.durations, summary.use, summary.unread
    return {
        "formats": list(summary.titles),
        "requests": summary.requests,
        "first": period and datetime.fromtimestamp(period.first, UTC).isoformat(),
        "seconds": round(summary.covered, 3),
        "requests_a_month": period and str(period.requests),
        "peak_to_mean": period and str(period.peak_to_mean),
        "burst": period and period.burst and str(period.burst),
        "week": summary.shape and [round(float(weight), 6) for weight in summary.shape.weights],
        "duration_ms": took
        and {"mean": took.mean, "p50": took.p50, "p95": took.p95, "p99": took.p99},
        "lambda": use
        and {
            "memory_mib": use.memory_mib,
            "memory_mean_mib": use.memory_mean,
            "used_mib": {"mean": use.used_mean, "p99": use.used_p99, "most": use.used_most},
            "cold_starts": use.cold_starts,
            "init_ms": use.init_ms,
            "billed_gb_seconds": use.billed_gb_seconds,
            "app_log_bytes": use.app_log_bytes,
        },
        "failed_share": summary.failed_share,
        "response_bytes": summary.response_bytes,
        "request_bytes": summary.request_bytes,
        "other_lines": summary.other,
        "unreadable_lines": unread.lines,
        "first_unreadable": f"{unread.where}: {unread.text!a}: {unread.why}"
        if unread.lines
        else None,
        "notes": list(summary.notes),
    }
